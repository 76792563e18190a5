import { expect, it } from 'vitest';
import { eventually } from '../../support/house.js';
import { tokenWith } from '../tokens.js';
import {
  bad,
  deface,
  defaceAnswers,
  escaped,
  expectHarmless,
  hostile,
  hostileOwner,
  hostileTable,
} from './hostile.js';
import { raise } from './raising.js';
import type { PagesStage } from './stage.js';

/** The texts that a client controls, sent by a real one; and then every text of every answer. */
export function othersTextsStayText(stageOf: () => PagesStage): void {
  const table = `"${hostileTable.replaceAll('"', '""')}"`;
  const program = `app ${bad}`;

  /** A client that is bad in all that it says: its name, its program, its user, what it runs. */
  async function badClient(stage: PagesStage) {
    const token = await tokenWith(stage.house, {
      name: hostile('who'),
      act: { sub: 'bad-bot' },
      sub: `for ${bad}`,
    });
    return { connection: 'shop', program, user: `usr ${bad}`, token };
  }

  it('in a request, and in what was said to it', async () => {
    const stage = stageOf();
    const sql = `UPDATE ${table} SET ${table} = $1 WHERE n = 1 /* ${hostile('com')} */ -- \u202e`;
    const { id } = await stage.hold(sql, [hostile('par')], await badClient(stage));
    const opened = await stage.open(`/approvals/${id}`, 'approver');
    const { page } = opened;
    await page.getByText('Exactly this would run').waitFor();
    await page.getByText('rows read').waitFor();
    const said = [escaped('who'), escaped('com'), escaped('par'), `for ${bad}`, program, hostileTable];
    await expectHarmless(page, said);
    await page.getByText('would not be seen, or would reorder').first().waitFor();
    await stage.inspect(opened, 'hostile-approval');
    await page.keyboard.press('d');
    await page.getByRole('dialog').waitFor();
    await expectHarmless(page, said);
    await stage.inspect(opened, 'hostile-deny');
    await page.getByLabel('Reason').fill(hostile('why'));
    await page.keyboard.press('Control+Enter');
    await page.getByText('Denied', { exact: true }).first().waitFor();
    await eventually(() => page.getByText('why <img').isVisible());
    await expectHarmless(page, [escaped('why')]);
  });

  it('in a session: its program, user, statements, errors and results; in a decision; on the start page', async () => {
    const stage = stageOf();
    const client = await stage.connect(await badClient(stage));
    await client.query(`SELECT ${table}, '${bad} \u202e' AS "${bad.replaceAll('"', "'")}" FROM ${table}`);
    await client.query(`SELEC '${bad}'`).catch(() => undefined);
    await client.query('SELECT $1::text AS parameter', [hostile('parameter')]);
    const refused = await client.query(`DROP TABLE ${table}`).catch((error: { hint?: string }) => error.hint);
    const opened = await stage.open('/sessions', 'auditor');
    const { page } = opened;
    const row = page.getByRole('row', { name: /onerror.*refused/ }).first();
    await eventually(async () => {
      await page.reload();
      await page.getByRole('table').waitFor();
      return (await row.count()) > 0;
    });
    await expectHarmless(page, [program, `for ${bad}`]);
    await row.getByRole('link').click();
    await page.getByText('parameter <img').first().waitFor();
    await expectHarmless(page, [escaped('parameter'), program, `usr ${bad}`, hostileTable]);
    await stage.inspect(opened, 'hostile-session');
    await page.goto(stage.at(/\/decisions\/[\w-]+/.exec(String(refused))?.[0] ?? 'none'));
    await page.getByText('What to ask for').waitFor();
    await expectHarmless(page, [hostileOwner, hostileTable, `for ${bad}`]);
    await page.goto(stage.at('/'));
    await page.getByRole('heading', { name: 'shop' }).waitFor();
    await expectHarmless(page, [hostileOwner]);
    stage.noComplaints(opened.complaints);
  });

  // Intercepted in the browser: a real gate writes most of these fields itself.
  it('whichever field of an answer it is: of requests, what their askers did, and why a decision was not taken', async () => {
    const stage = stageOf();
    const { id } = await stage.hold("UPDATE orders SET status = 'paid' WHERE id = $1", [7]);
    const opened = await stage.page('approver');
    const { page } = opened;
    await defaceAnswers(page, /\/api\/(approvals|activity)(\/\w{3}_\w+)?(\?.*)?$/);
    await page.goto(stage.at(`/approvals/${id}`));
    await page.getByText('Exactly this would run').waitFor();
    const words = 'kind connection tables reason displayName approverGroups program address text table';
    await eventually(() => page.getByText('table <img').first().isVisible());
    await expectHarmless(page, words.split(' ').map(escaped));
    await stage.inspect(opened, 'hostile-answers');
    await page.route(`**/api/approvals/${id}/decision`, (route) =>
      route.fulfill({
        status: 409,
        json: deface({ status: 409, code: 'APPROVAL_NOT_PENDING', detail: '', hint: '' }),
      }),
    );
    await page.keyboard.press('a');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('alert').waitFor();
    await expectHarmless(page, [escaped('detail'), escaped('hint')]);
  });

  // Intercepted in the browser, as above.
  it('whichever field it is: of a decision, what is set up, and the ways to sign in', async () => {
    const stage = stageOf();
    const client = await stage.connect();
    await client.query('SELECT email FROM customers LIMIT 1');
    const refused = await client.query('DROP TABLE orders').catch((error: { hint?: string }) => error.hint);
    const opened = await stage.page('agent');
    const { page } = opened;
    await defaceAnswers(page, /\/api\/(decisions\/|setup|identity\/providers)/);
    await page.goto(stage.at(/\/decisions\/[\w-]+/.exec(String(refused))?.[0] ?? 'none'));
    await page.getByText('What to ask for').waitFor();
    const words =
      'reason identity connection text kinds tablesWritten policyIds snapshot ask message sqlstate';
    await expectHarmless(page, words.split(' ').map(escaped));
    await stage.inspect(opened, 'hostile-decision');
    await page.goto(stage.at('/'));
    await page.getByText('client <img').first().waitFor();
    await expectHarmless(page, ['name', 'client', 'what', 'why', 'do'].map(escaped));
    await page.goto(stage.at(`/sign-in?to=//evil.example&error=${encodeURIComponent(hostile('error'))}`));
    const link = page.getByRole('link', { name: /Continue with/ });
    await link.waitFor();
    expect(await link.getAttribute('href')).toBe('/api/identity/sign-in/dev?to=%2F');
    await expectHarmless(page, [escaped('label')]);
    stage.noComplaints(opened.complaints);
  });

  it('in a finding and a quarantine: its identity, subject, evidence, and why', async () => {
    const stage = stageOf();
    // No control character is in an identity that the API takes.
    const identity = `corp:${bad} javascript:alert(3)`;
    const texts = Object.fromEntries(
      ['title', 'detector', 'technique', 'connection', 'subject', 'evidence'].map((word) => [
        word,
        hostile(word),
      ]),
    );
    const ids = { sessionIds: [`ses ${bad}`, '../../x'], statementIds: [`ses ${bad}-7`] };
    const [id] = await raise(stage, {
      ...{ identity, ...texts, ...ids, severity: hostile('severity'), risk: hostile('risk') },
      measures: { [hostile('measure')]: 7 },
    });
    const opened = await stage.open(`/findings?identity=${encodeURIComponent(identity)}`, 'security');
    const { page } = opened;
    await page.getByText('evidence <img').first().waitFor();
    await expectHarmless(page, [identity, ...['title', 'subject', 'evidence', 'detector'].map(escaped)]);
    await stage.inspect(opened, 'hostile-findings');
    await page.locator('a.finding-link').click();
    await page.waitForURL(`**/findings/${id}`);
    await page.getByText('is in none').waitFor();
    const said = [
      identity,
      ...['title', 'subject', 'evidence', 'technique', 'measure', 'severity', 'risk'].map(escaped),
    ];
    await expectHarmless(page, [...said, `ses ${bad}`]);
    const leads = await page.getByRole('link', { name: '../../x' }).getAttribute('href');
    expect(leads).toBe('/sessions/..%2F..%2Fx');
    await stage.inspect(opened, 'hostile-finding');
    await page.keyboard.press('q');
    await page.getByRole('dialog').waitFor();
    await page.getByLabel('Reason').fill(hostile('why'));
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByText('why <img').waitFor();
    await expectHarmless(page, said);
    await page.goto(stage.at('/findings'));
    await page.getByText('why <img').waitFor();
    await stage.inspect(opened, 'hostile-quarantines');
    await page.getByRole('button', { name: /^Lift the quarantine of/ }).click();
    await page.getByLabel('Reason').fill('over');
    await expectHarmless(page, [identity]);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByText('why <img').waitFor({ state: 'detached' });
  });

  // Intercepted in the browser, as above.
  it('whichever field it is: of findings, their incidents, and quarantines', async () => {
    const stage = stageOf();
    const [id] = await raise(stage, {
      ...{ identity: 'corp:defaced', sessionIds: ['ses_x'], statementIds: ['ses_x-1'] },
      onBehalfOf: 'corp:ana',
      quarantine: 'watch',
    });
    const opened = await stage.page('security');
    const { page } = opened;
    await defaceAnswers(page, /\/api\/(findings|quarantines)(\/\w{3}_\w+)?(\?.*)?$/);
    await page.goto(stage.at('/findings'));
    await page.locator('a.finding-link').first().waitFor();
    await page.getByRole('heading', { name: 'in quarantine' }).waitFor();
    const listed = 'identity title severity state evidence subject detector level reason by';
    await expectHarmless(page, listed.split(' ').map(escaped));
    await stage.inspect(opened, 'hostile-finding-answers');
    await page.goto(stage.at(`/findings/${id}`));
    await page.getByText('evidence <img').waitFor();
    const words =
      'title severity state evidence identity onBehalfOf connection subject windowStart windowEnd detector technique risk riskUntil quarantine stateBy stateReason sessionIds statementIds';
    await expectHarmless(page, words.split(' ').map(escaped));
    await stage.inspect(opened, 'hostile-finding-answer');
  });
}
