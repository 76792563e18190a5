import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { Theme } from '../../support/chromium.js';
import { eventually } from '../../support/house.js';
import { raise } from './raising.js';
import type { PagesStage } from './stage.js';

const entries = (page: Page) => page.locator('a.finding-link');

/** A finding looked at, judged, and its identity put in quarantine, by keyboard. */
export function findingsAreJudged(theme: Theme, stageOf: () => PagesStage): void {
  it('Findings: read with what is behind them, judged with a reason, by keyboard alone', async () => {
    const stage = stageOf();
    const identity = `corp:report-bot-${theme}`;
    const { sessionId, statementId } = await somethingRun(stage, `found-${theme}`);
    const links = { sessionIds: [sessionId], statementIds: [statementId] };
    const [, second] = await raise(
      stage,
      { identity, title: 'Work outside of hours', severity: 'medium', detector: 'out-of-hours' },
      { identity, ...links },
    );
    const opened = await stage.open(`/findings?identity=${encodeURIComponent(identity)}`, 'security', {
      theme,
    });
    const { page } = opened;
    await page.getByText('2 findings, 2 open').waitFor();
    await page.getByText('read 48,210 rows of customers').first().waitFor();
    await stage.inspect(opened, `findings-${theme}`);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/findings/${second}`);
    await page.getByText('48,210', { exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'T1530' }).getAttribute('href')).toBe(
      'https://attack.mitre.org/techniques/T1530/',
    );
    await stage.inspect(opened, `finding-${theme}`);
    await page.keyboard.press('x');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Say why').waitFor();
    await page.keyboard.type('the export of the quarter');
    await stage.inspect(opened, `false-alarm-${theme}`);
    await page.keyboard.press('Control+Enter');
    await page.getByText('False alarm', { exact: true }).first().waitFor();
    await page.getByText('the export of the quarter').waitFor();
    await page.keyboard.press('o');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('the ticket says otherwise');
    await page.keyboard.press('Control+Enter');
    await page.getByText('the ticket says otherwise').waitFor();
    await page.getByText('Open', { exact: true }).first().waitFor();
    await page.keyboard.press('a');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('I look at it');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Acknowledged', { exact: true }).first().waitFor();
    await page.getByRole('link', { name: statementId.slice(sessionId.length + 1), exact: true }).click();
    await page.waitForURL(`**/sessions/${sessionId}#${statementId}`);
    await page.getByText('As it went').waitFor();
    await page.getByRole('link', { name: 'those about it' }).click();
    await page.waitForURL('**/findings?identity=dev%3Adev-agent');
  });

  it('Findings: the identity is put in quarantine with a reason, and let out with one', async () => {
    const stage = stageOf();
    const identity = `corp:export-bot-${theme}`;
    const [id] = await raise(stage, { identity });
    const opened = await stage.open(`/findings/${id}`, 'security', { theme });
    const { page } = opened;
    await page.getByText('is in none').waitFor();
    await page.keyboard.press('q');
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('radio', { name: 'Watch' }).isChecked()).toBe(true);
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.type('reads tables it never read');
    await stage.inspect(opened, `quarantine-${theme}`);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByText('reads tables it never read').waitFor();
    expect(await standing(stage, identity)).toMatchObject({ level: 'blocked', findingId: id });
    await stage.inspect(opened, `quarantined-${theme}`);
    await page.goto(stage.at('/findings'));
    await page.getByRole('heading', { name: 'in quarantine' }).waitFor();
    await page.getByText('reads tables it never read').waitFor();
    await stage.inspect(opened, `in-quarantine-${theme}`);
    await page.goto(stage.at(`/findings/${id}`));
    await page.getByText('reads tables it never read').waitFor();
    await page.keyboard.press('l');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Say why').waitFor();
    await page.keyboard.type('a new report');
    await stage.inspect(opened, `lift-${theme}`);
    await page.keyboard.press('Control+Enter');
    await page.getByText('is in none').waitFor();
    expect(await standing(stage, identity)).toBeUndefined();
  });
}

/** What whoever works with findings relies on. */
export function findingsAreWorkedWith(stageOf: () => PagesStage): void {
  it('ask the server for each page of findings, by what the address says', async () => {
    const stage = stageOf();
    const identity = 'corp:many-findings';
    const many = Array.from({ length: 53 }, (_, i) => ({
      ...{ identity, title: `Finding ${i}`, severity: i % 2 === 0 ? 'low' : 'critical' },
      detector: i % 5 === 0 ? 'probing' : 'bulk-read',
    }));
    await raise(stage, ...many);
    const { page } = await stage.open('/findings', 'auditor');
    await page.getByRole('textbox', { name: 'Identity' }).fill(identity);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/findings?identity=*');
    await eventually(async () => (await entries(page).count()) === 50);
    expect((await entries(page).first().innerText()).trim()).toBe('Finding 52');
    await page.getByText('53 findings, 53 open').waitFor();
    await page.getByRole('link', { name: 'Older' }).click();
    await page.waitForURL('**cursor=*');
    await eventually(async () => (await entries(page).count()) === 3);
    await page.getByRole('link', { name: '50 more of this incident' }).click();
    await page.waitForURL((url) => url.searchParams.has('incident') && !url.searchParams.has('cursor'));
    await eventually(async () => (await entries(page).count()) === 50);
    await page.getByText('of one incident').waitFor();
    await page.getByLabel('Severity').selectOption('critical');
    await page.getByLabel('Detector').fill('probing');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL('**severity=critical*');
    await eventually(async () => (await entries(page).count()) === 5);
    await page.goto(stage.at(`/findings?identity=${identity}&state=acknowledged`));
    await page.getByText('No finding fits').waitFor();
    expect(await page.getByLabel('State').inputValue()).toBe('acknowledged');
    await page.goto(stage.at(`/findings?identity=${identity}&to=2020-01-01T00:00:00Z`));
    await page.getByText('No finding fits').waitFor();
    await page.goto(stage.at(`/findings?identity=${identity}&from=2020-01-01T00:00:00Z`));
    await eventually(async () => (await entries(page).count()) === 50);
  });

  it('put in quarantine whom nothing was found of yet, and change that by a word that takes its place', async () => {
    const stage = stageOf();
    const identity = 'corp:told-by-phone';
    const { page } = await stage.open(`/findings?identity=${identity}`, 'security');
    await page.getByText('No finding fits').waitFor();
    for (const [level, name] of [
      ['watch', 'Watch'],
      ['nothing_sensitive', 'Nothing sensitive'],
    ] as const) {
      await page
        .getByRole('button', { name: /quarantine…/i })
        .first()
        .click();
      await page.getByRole('radio', { name }).check();
      await page.getByLabel('Reason').fill(`a call about ${name}`);
      await page.keyboard.press('Control+Enter');
      if (level === 'watch') {
        await page.getByText('the record has nothing of corp:told-by-phone').waitFor();
        await page.getByRole('checkbox', { name: 'It is spelt right' }).check();
        await page.getByLabel('Reason').press('Control+Enter');
      }
      await page.getByText(`a call about ${name}`).waitFor();
      await eventually(async () => (await page.getByRole('dialog').count()) === 0);
      expect(await standing(stage, identity)).toMatchObject({ level, findingId: '' });
    }
    await page.keyboard.press('l');
    await page.getByLabel('Reason').fill('it was somebody else');
    await page.keyboard.press('Control+Enter');
    await page.getByText('is in none').waitFor();
  });

  it('let auditors read findings, and judge none', async () => {
    const stage = stageOf();
    const [id] = await raise(stage, { identity: 'corp:audited', onBehalfOf: 'corp:ana' });
    const opened = await stage.open(`/findings/${id}`, 'auditor');
    const { page } = opened;
    await eventually(async () => (await page.getByText('is in none').count()) === 2);
    expect(await page.getByRole('button', { name: '…' }).count()).toBe(0);
    await page.keyboard.press('x');
    await page.keyboard.press('q');
    expect(await page.getByRole('dialog').count()).toBe(0);
    stage.noComplaints(opened.complaints);
  });

  it('say whose findings are to those for whom they are not, and ask for nothing there', async () => {
    const stage = stageOf();
    const { page } = await stage.page('approver');
    const asked: string[] = [];
    page.on('request', (each) => asked.push(new URL(each.url()).pathname));
    await page.goto(stage.at('/findings'));
    await page.getByRole('heading', { name: 'Findings need the role security or auditor' }).waitFor();
    expect(await page.getByRole('link', { name: 'Findings', exact: true }).count()).toBe(0);
    expect(asked.filter((path) => /^\/api\/(findings|quarantines)/.test(path))).toEqual([]);
  });

  it('say why a word on a finding was not taken', async () => {
    const stage = stageOf();
    const [id] = await raise(stage, { identity: 'dev:dev-security' });
    const { page } = await stage.open(`/findings/${id}`, 'security');
    await page.getByRole('button', { name: /^False alarm…/ }).click();
    await page.keyboard.type('it was me');
    await page.keyboard.press('Control+Enter');
    await page.getByText('nobody says what a finding about themselves is').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Open', { exact: true }).first().waitFor();
    await page.goto(stage.at('/findings/fnd_none'));
    await page.getByText('There is no such thing here').waitFor();
  });
}

async function standing({ house }: PagesStage, identity: string) {
  type List = { quarantines: { identity: string; level: string; findingId: string }[] };
  const { quarantines } = await house.json<List>('security', '/api/quarantines');
  return quarantines.find((each) => each.identity === identity);
}

/** A statement of a real session, once the record has it. */
async function somethingRun(stage: PagesStage, program: string) {
  const client = await stage.connect({ program });
  await client.query('SELECT id FROM customers ORDER BY id LIMIT 3');
  let [sessionId, statementId] = ['', ''];
  await eventually(async () => {
    const [row] = await stage.house.sql(
      `SELECT session_id, statement_id FROM statements WHERE session_id IN
        (SELECT session_id FROM sessions WHERE client_program = '${program}') LIMIT 1`,
    );
    sessionId = String(row?.['session_id'] ?? '');
    statementId = String(row?.['statement_id'] ?? '');
    return statementId !== '';
  });
  return { sessionId, statementId };
}
