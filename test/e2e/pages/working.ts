import { expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
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

  it('show what the stream says while an older list is on its way', async () => {
    const stage = stageOf();
    const { page } = await stage.page('approver');
    let answer: () => void = () => undefined;
    const slow = new Promise<void>((done) => (answer = done));
    let held = 0;
    // Held back in the browser: a real gate on this machine answers before anything can happen.
    await page.route('**/api/approvals?*', async (route) => {
      const response = await route.fetch();
      held++;
      await slow;
      await route.fulfill({ response }).catch(() => undefined);
    });
    await page.goto(stage.at('/approvals'));
    await page.getByText('Live', { exact: true }).waitFor();
    await eventually(() => held > 0);
    await page.unroute('**/api/approvals?*');
    await stage.hold('DELETE FROM tickets WHERE id = 1');
    await page.waitForTimeout(500);
    answer();
    await page.getByRole('link', { name: /delete/ }).waitFor();
    await page.waitForTimeout(500);
    expect(await page.getByRole('link', { name: /delete/ }).count()).toBe(1);
  });

  it('listen four times a browser, where they can be seen; the others ask', async () => {
    const stage = stageOf();
    const person = await stage.newSession('approver');
    const { page: first } = await stage.page();
    await stage.signIn(first, stage.sessionCookie(person));
    const others = await Promise.all([1, 2, 3, 4].map(() => first.context().newPage()));
    for (const page of [first, ...others.slice(0, 3)]) {
      await page.goto(stage.at('/approvals'));
      await page.getByText('Live', { exact: true }).waitFor();
    }
    const fifth = others.at(-1)!;
    await fifth.goto(stage.at('/approvals'));
    await fifth.getByText('Every 3 s').waitFor();
    await stage.hold('DELETE FROM tickets WHERE id = 1');
    for (const page of [first, fifth]) await page.getByRole('link', { name: /delete/ }).waitFor();
    await see(first, 'hidden');
    await fifth.getByText('Live', { exact: true }).waitFor();
    await see(first, 'visible');
    await first.getByText('Every 3 s').waitFor();
    await see(fifth, 'hidden');
    await first.getByText('Live', { exact: true }).waitFor();
  });

  it('decide and end only what was opened', async () => {
    const stage = stageOf();
    const [one, two] = [await stage.hold(update(1)), await stage.hold(update(2))];
    const { page } = await stage.open(`/approvals/${one.id}`, 'approver');
    const approve = page.getByRole('button', { name: 'Approve…' });
    await approve.waitFor();
    await page.locator(`a.request[href*="${two.id}"]`).click();
    await page.waitForURL(`**/${two.id}`);
    await approve.click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.waitForURL(`**/${one.id}`);
    await page.getByText('Exactly this would run').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    await approve.click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Control+Enter');
    expect(await one.answer).toBe('1 rows');
    expect((await stage.waiting()).map(({ id }) => id)).toEqual([two.id]);
  });

  it('ask for the end of the session that was opened, in one line that the gate takes, once', async () => {
    const stage = stageOf();
    const ids: string[] = [];
    for (const program of ['ends-not', 'ends-long']) {
      const client = await stage.connect({ program });
      await client.query('SELECT 1');
      ids.push(await sessionOf(stage, program));
    }
    const [other, id] = ids as [string, string];
    const { page } = await stage.open(`/sessions/${id}`, 'security');
    const end = page.getByRole('button', { name: 'End this session…' });
    await end.waitFor();
    // As a link does, without loading anew.
    await page.evaluate(`history.pushState({}, '', '/sessions/${other}')`);
    await page.getByText('ends-not').first().waitFor();
    await end.click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.getByText('ends-long').first().waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    await end.click();
    const field = page.getByRole('dialog').getByLabel('Reason');
    await field.fill(`two\nlines\tand ${'x'.repeat(600)}`);
    expect(await field.inputValue()).not.toMatch(/\p{Cc}/u);
    await page.getByText('One line, at most 500 characters').waitFor();
    await field.fill('two\nlines');
    await field.press('End');
    await page.keyboard.insertText('x'.repeat(600));
    expect((await field.inputValue()).length).toBe(500);
    await page.getByText('what was more is cut').waitFor();
    // The first answer is lost on its way: what is sent again is the same command.
    const keys: (string | undefined)[] = [];
    await page.route(`**/api/sessions/${id}`, async (route) => {
      if (route.request().method() !== 'DELETE') return route.fallback();
      keys.push(route.request().headers()['idempotency-key']);
      if (keys.length === 1) return route.abort();
      await route.continue();
    });
    await page.keyboard.press('Control+Enter');
    await page.getByText('Weirkeeper does not answer').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(keys).toEqual([expect.stringMatching(/./), keys[0]]);
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

/** As a browser does that shows another tab: a test's pages are all in front. */
async function see(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`);
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
