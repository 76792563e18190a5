import { expect, it } from 'vitest';
import type { Locator } from 'playwright-core';
import { eventually } from '../../support/house.js';
import { tokenWith } from '../tokens.js';
import type { PagesStage } from './stage.js';

const update = (id: number) => `UPDATE orders SET status = 'paid' WHERE id = ${id}`;

/** What somebody relies on who works with the pages all day. */
export function peopleWorkWithThem(stageOf: () => PagesStage): void {
  it('are moved through by keyboard, with a focus that is seen', async () => {
    const stage = stageOf();
    await stage.hold(update(1));
    await stage.hold('DELETE FROM tickets WHERE id = 1');
    await stage.hold("INSERT INTO tickets VALUES (9001, 1, 'a', 'b', 'open')");
    const { page } = await stage.open('/approvals', 'approver');
    await page.getByRole('link', { name: /insert/ }).waitFor();
    const focused = () => page.evaluate<string>('document.activeElement.innerText');
    for (const [key, kind] of [
      ['j', 'update'],
      ['j', 'delete'],
      ['j', 'insert'],
      ['j', 'insert'],
      ['k', 'delete'],
    ] as const) {
      await page.keyboard.press(key);
      expect(await focused()).toContain(kind);
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    }
    await page.keyboard.press('Tab');
    expect(await focused()).toContain('insert');
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
  });

  it('mark one tab as the current one, also beside a request', async () => {
    const stage = stageOf();
    const { id } = await stage.hold(update(1));
    const { page } = await stage.open('/approvals', 'approver');
    const current = () => page.locator('.tabs [aria-current]').allInnerTexts();
    await page.getByRole('link', { name: /update/ }).waitFor();
    expect(await current()).toEqual([expect.stringContaining('Waiting')]);
    await page.getByRole('link', { name: 'All', exact: true }).click();
    await page.waitForURL('**/approvals?status=all');
    expect(await current()).toEqual(['All']);
    await page.goto(stage.at(`/approvals/${id}`));
    await page.getByText('Exactly this would run').waitFor();
    expect(await current()).toEqual([expect.stringContaining('Waiting')]);
    await page.goto(stage.at(`/approvals/${id}?status=all`));
    await page.getByText('Exactly this would run').waitFor();
    expect(await current()).toEqual(['All']);
  });

  it('tell requests apart: who asks with what, how many rows, when, and which', async () => {
    const stage = stageOf();
    const first = await stage.hold(update(1));
    const second = await stage.hold(update(2));
    await stage.hold("UPDATE customers SET email = 'a@b.example'", [], { program: 'night-mailer' });
    const { page } = await stage.open('/approvals', 'approver');
    const entries = page.locator('a.request');
    await eventually(async () => (await entries.count()) === 3);
    const texts = await entries.allInnerTexts();
    expect(texts[0]).toMatch(/update[^]*public\.orders, about 1 row[^]*on demo, with night-batch/);
    expect(texts[2]).toMatch(/public\.customers, about 2,000 rows[^]*touches email[^]*, with night-mailer/);
    expect(texts[0]).toContain(first.id.slice(-4));
    expect(texts[1]).toContain(second.id.slice(-4));
    expect(texts[0]).toMatch(/\d\d:\d\d:\d\d/);
  });

  it('give the focus to the request that takes the place of the list on a narrow screen', async () => {
    const stage = stageOf();
    await stage.hold('DELETE FROM tickets WHERE id = 1');
    const { page, complaints } = await stage.open('/approvals', 'approver', { width: 390 });
    const entry = page.getByRole('link', { name: /delete/ });
    await entry.click();
    await page.getByRole('button', { name: 'Approve…' }).waitFor();
    expect(await entry.isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.tagName')).toBe('ARTICLE');
    await page.getByRole('link', { name: 'All requests' }).click();
    await entry.waitFor();
    stage.noComplaints(complaints);
  });

  it.each([390, 1280])('show in the dialog what is decided on, at %d px', async (width) => {
    const stage = stageOf();
    const notes = Array.from({ length: 80 }, (_, i) => `-- line ${i}`).join('\n');
    const { id } = await stage.hold(`${update(1)} AND status <> $1\n${notes}`, ['a value']);
    const { page } = await stage.open(`/approvals/${id}`, 'approver', { width });
    await page.getByRole('button', { name: 'Approve…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('TEXTAREA');
    await expectInSight(dialog.getByText('orders'));
    await expectInSight(dialog.getByRole('button', { name: 'Approve' }));
    await dialog.getByText('a value').scrollIntoViewIfNeeded();
    await expectInSight(dialog.getByText('a value'));
  });

  it('ask for nothing by themselves when nobody has been there for a while', async () => {
    const stage = stageOf();
    const client = await stage.connect({ program: 'left-open' });
    await client.query('SELECT 1');
    const id = await sessionOf(stage, 'left-open');
    const { page } = await stage.page('auditor');
    const isIts = (url: string) => url.endsWith(`/api/sessions/${id}`);
    let [asked, answered] = [0, 0];
    page.on('request', (each) => (asked += isIts(each.url()) ? 1 : 0));
    page.on('requestfinished', (each) => (answered += isIts(each.url()) ? 1 : 0));
    await page.clock.install();
    await page.goto(stage.at(`/sessions/${id}`));
    await page.getByRole('heading', { name: /dev:dev-agent/ }).waitFor();
    const askedIn = async (minutes: number) => {
      const before = asked;
      for (let i = 0; i < minutes * 4; i++) {
        await page.clock.runFor(15_000);
        // Answers are real, and take a moment of real time.
        await new Promise((done) => setTimeout(done, 25));
        await eventually(() => answered === asked);
      }
      return asked - before;
    };
    expect(await askedIn(2)).toBeGreaterThan(3);
    await askedIn(4);
    expect(await askedIn(3)).toBe(0);
    await page.keyboard.press('Shift');
    expect(await askedIn(1)).toBeGreaterThan(1);
  });

  it('show what the stream says about a request, and take it out when it no longer waits', async () => {
    const stage = stageOf();
    const { page } = await stage.open('/approvals', 'approver');
    await page.getByText('Live', { exact: true }).waitFor();
    const { leave } = await stage.hold('DELETE FROM tickets WHERE id = 1');
    const entry = page.getByRole('link', { name: /delete/ });
    await entry.waitFor();
    await leave();
    await entry.waitFor({ state: 'detached' });
  });

  it('ask the server for each page of a search, by what the address says', async () => {
    const stage = stageOf();
    const token = await tokenWith(stage.house, { sub: 'many-sessions' });
    for (let i = 0; i < 53; i++) {
      const client = await stage.connect({ token, program: `run-${i}` });
      if (i % 2 === 0) await client.query('DROP TABLE orders').catch(() => undefined);
      await client.end();
    }
    const search = '/sessions?identity=dev%3Amany-sessions';
    await sessionOf(stage, 'run-52');
    const { page } = await stage.open(search, 'auditor');
    const rows = page.locator('table.sessions tbody tr');
    await eventually(async () => (await rows.count()) === 50);
    expect(await page.getByLabel('Identity').inputValue()).toBe('dev:many-sessions');
    await page.getByRole('link', { name: 'Older' }).click();
    await page.waitForURL('**cursor=*');
    await eventually(async () => (await rows.count()) === 3);
    await page.getByRole('row', { name: /run-0/ }).waitFor();
    await page.getByRole('button', { name: 'Last hour' }).click();
    await page.waitForURL((url) => url.searchParams.has('since') && !url.searchParams.has('cursor'));
    await eventually(async () => (await rows.count()) === 50);
    await page.goto(stage.at(`${search}&decision=deny&table=public.orders`));
    await eventually(async () => (await rows.count()) === 27);
    expect(await page.getByLabel('Decision').inputValue()).toBe('deny');
    expect(await page.getByLabel('Table').inputValue()).toBe('public.orders');
  });

  it('say how a session ended', async () => {
    const stage = stageOf();
    const polite = await stage.connect({ program: 'said-bye' });
    await polite.end();
    const { page } = await stage.open(`/sessions/${await sessionOf(stage, 'said-bye')}`, 'auditor');
    await eventually(async () => (await page.getByText('the client said good-bye').count()) === 2);
    expect(await page.evaluate('document.body.innerText')).not.toContain('terminated');
  });

  it('keep the theme that was chosen, and sign out', async () => {
    const stage = stageOf();
    const opened = await stage.page(undefined, { theme: 'dark' });
    const { page } = opened;
    await stage.signIn(page, stage.sessionCookie(await stage.newSession('operator')));
    await page.goto(stage.at('/'));
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const dark = await ground();
    await page.getByRole('button', { name: /^Theme: Auto/ }).click();
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.reload();
    await page.getByRole('button', { name: /^Theme: Light/ }).waitFor();
    expect(await ground()).toBe(light);
    await page.getByRole('button', { name: /^Signed in as/ }).click();
    await stage.inspect(opened, 'menu');
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    // The development provider asks whether its own session ends, too.
    await page.getByRole('button').first().click();
    await page.waitForURL('**/sign-in*');
    await page.goto(stage.at('/approvals'));
    await page.waitForURL('**/sign-in?to=*');
  });
}

async function expectInSight(locator: Locator): Promise<void> {
  const box = await locator.first().boundingBox();
  const { width, height } = locator.page().viewportSize()!;
  expect(box).not.toBeNull();
  expect([box!.x >= 0, box!.y >= 0, box!.x + box!.width <= width, box!.y + box!.height <= height]).toEqual(
    Array(4).fill(true),
  );
}

/** The id of the session of a client that says it is this program, once the record has it. */
async function sessionOf({ house }: PagesStage, program: string): Promise<string> {
  let id = '';
  await eventually(async () => {
    const [row] = await house.sql(
      `SELECT session_id FROM sessions WHERE client_program = '${program}' LIMIT 1`,
    );
    id = String(row?.['session_id'] ?? '');
    return id !== '';
  });
  return id;
}
