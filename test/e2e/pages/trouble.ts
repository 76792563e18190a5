import { expect, it } from 'vitest';
import type { Me, PlainBrowser } from '../../support/browser.js';
import { eventually } from '../../support/house.js';
import { json } from '../../support/json.js';
import type { PagesStage } from './stage.js';

/** What is refused, missing, slow, broken or gone. */
export function troubleIsSaid(stageOf: () => PagesStage): void {
  it('say whose a page is to those for whom it is not, and ask for nothing there', async () => {
    const stage = stageOf();
    const { id } = await stage.hold("UPDATE orders SET status = 'paid' WHERE id = 7");
    const opened = await stage.page('security');
    const { page } = opened;
    const asked: string[] = [];
    page.on('request', (each) => asked.push(new URL(each.url()).pathname));
    await page.goto(stage.at(`/approvals/${id}`));
    await page.getByRole('heading', { name: 'Approvals need the role approver' }).waitFor();
    await page.getByText('with the role security').waitFor();
    await page.getByText('identity.roles.approver').waitFor();
    expect(asked.filter((path) => path.startsWith('/api/approvals'))).toEqual([]);
    await stage.inspect(opened, 'needs-role');
    const approver = await stage.open(`/sessions`, 'approver');
    await approver.page
      .getByRole('heading', { name: 'Sessions need the role auditor or security' })
      .waitFor();
    const allowed = await stage.open(`/approvals/${id}`, 'approver');
    await allowed.page.getByText('Exactly this would run').waitFor();
  });

  it('lead to a request only who may see it', async () => {
    const stage = stageOf();
    const { id } = await stage.hold("UPDATE orders SET status = 'paid' WHERE id = 7");
    const { statementId } = await stage.house.json<{ statementId: string }>(
      'approver',
      `/api/approvals/${id}`,
    );
    await stage.house.decide(id, 'deny');
    const { page } = await stage.open(`/decisions/${statementId}`, 'security');
    // Its record comes a moment after the decision.
    await eventually(async () => {
      await page.reload();
      await page.getByText('The statement', { exact: true }).waitFor();
      return page.getByText(`request ${id}`).isVisible();
    });
    expect(await page.getByRole('link', { name: 'the request' }).count()).toBe(0);
  });

  it('say what is missing, and what is broken', async () => {
    const stage = stageOf();
    const opened = await stage.open('/nowhere', 'approver');
    const { page } = opened;
    await page.getByText('There is no such page').waitFor();
    await stage.inspect(opened, 'not-found');
    await page.goto(stage.at('/decisions/ses_01m7wfbyqd685ercy2qknzas5g-9'));
    await page.getByText('Only whoever ran the statement').waitFor();
    // Intercepted in the browser: no request makes this route of a real gate fail.
    const json = { status: 400, code: 'INPUT_INVALID', detail: 'broken' };
    await page.route('**/api/setup', (route) => route.fulfill({ status: 400, json }));
    await page.goto(stage.at('/'));
    await page.getByText('Could not load what is set up').waitFor();
    await stage.inspect(opened, 'failure');
    await page.unroute('**/api/setup');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
  });

  // Held back in the browser: a real gate on this machine answers before anything is drawn.
  it('say what they wait for', async () => {
    const stage = stageOf();
    const opened = await stage.page('auditor');
    const { page } = opened;
    let answer: () => void = () => undefined;
    const slow = new Promise<void>((done) => (answer = done));
    await page.route('**/api/sessions?*', async (route) => {
      await slow;
      await route.continue();
    });
    await page.goto(stage.at('/sessions'));
    await page.getByText('Loading sessions…').waitFor();
    await stage.inspect(opened, 'loading');
    answer();
    await page.getByText('Loading sessions…').waitFor({ state: 'detached' });
  });

  it('miss nothing while the gate was away, and then lead to the sign-in page whose session is over', async () => {
    const stage = stageOf();
    const { page } = await stage.open('/approvals', 'approver');
    const person = await stage.newSession('approver');
    const { page: other } = await stage.page();
    await stage.signIn(other, stage.sessionCookie(person));
    await other.goto(stage.at('/approvals'));
    for (const each of [page, other]) await each.getByText('Live', { exact: true }).waitFor();
    await signOut(stage, person);
    await stage.house.kill('SIGTERM');
    await page.getByText('Every 3 s').waitFor();
    await stage.house.up();
    await stage.hold('DELETE FROM tickets WHERE id = 1');
    await page.getByRole('link', { name: /delete/ }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await other.waitForURL('**/sign-in?to=%2Fapprovals');
  });
}

async function signOut(stage: PagesStage, person: PlainBrowser): Promise<void> {
  const { pageSession } = await json<Me>(await person.ask(stage.at('/api/identity/me')));
  const headers = { 'x-weir-csrf': pageSession!.csrf };
  const { status } = await person.ask(stage.at('/api/identity/sign-out'), { method: 'POST', headers });
  expect(status).toBe(200);
}
