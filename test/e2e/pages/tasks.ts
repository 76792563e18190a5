import { expect, it } from 'vitest';
import type { Theme } from '../../support/chromium.js';
import { eventually, root, run } from '../../support/house.js';
import { peer } from '../../support/peers.js';
import type { PagesStage } from './stage.js';

/** What each screen is for, done in one theme. */
export function screensDoTheirTask(theme: Theme, stageOf: () => PagesStage): void {
  it('Start: says what is missing and gives the line to paste', async () => {
    const stage = stageOf();
    const opened = await stage.open('/', 'operator', { theme });
    const { page } = opened;
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    await page.getByRole('button', { name: 'Copy the client line of demo' }).click();
    await page.getByText('Copied').waitFor();
    const line = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(line).toBe(
      `PGPASSWORD=$(./weir token agent) psql "host=127.0.0.1 port=${stage.house.postgresPort} dbname=demo user=agent"`,
    );
    await page.getByText('2 things are missing').waitFor();
    await page.getByText('2 files of policies').waitFor();
    await page.getByText('as shipped').waitFor();
    expect(await page.evaluate('document.body.innerText')).not.toContain('`');
    await stage.inspect(opened, `start-${theme}`);
    if (theme === 'light' && peer('psql'))
      expect(await pasted(stage, line)).toMatchObject({ stdout: '42\n' });
  });

  it('Approvals: the request arrives by itself, is read, and approved by keyboard alone', async () => {
    const stage = stageOf();
    const opened = await stage.open('/approvals', 'approver', { theme });
    const { page } = opened;
    await page.getByText('Nothing waits for you').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await stage.inspect(opened, `approvals-empty-${theme}`);
    const sql = "UPDATE orders SET status = 'paid' WHERE id = $1 AND status <> $2";
    const { id, answer } = await stage.hold(sql, [7, 'lost']);
    await page.getByRole('link', { name: /update/ }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/approvals/${id}`);
    await page.getByText('Exactly this would run').waitFor();
    await page.getByText('lost').waitFor();
    await page.getByText('rows read').waitFor();
    await stage.inspect(opened, `approval-${theme}`);
    await page.keyboard.press('?');
    await page.getByText('Keys on this page').waitFor();
    await stage.inspect(opened, `keys-${theme}`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('a');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('ticket 4711');
    await stage.inspect(opened, `approve-${theme}`);
    await page.keyboard.press('Control+Enter');
    expect(await answer).toBe('1 rows');
    await page.getByText('Approved and run').first().waitFor();
    await page.getByText('ticket 4711').waitFor();
  });

  it('Approvals: denied with a reason, which a denial needs', async () => {
    const stage = stageOf();
    const { id, answer } = await stage.hold("DELETE FROM tickets WHERE status = 'closed'");
    const { page } = await stage.open(`/approvals/${id}`, 'approver', { theme });
    await page.getByText('Exactly this would run').waitFor();
    // What they did lately is told; the decisions themselves are not an approver's to open.
    const recent = page.locator('.recent li').first();
    // It is of the audit store, which a busy machine fills later, and read once.
    await expect
      .poll(async () => {
        const isThere = await recent.isVisible();
        if (!isThere) await page.reload({ waitUntil: 'networkidle' });
        return isThere || recent.isVisible();
      })
      .toBe(true);
    expect(await page.locator('.recent a').count()).toBe(0);
    await page.keyboard.press('d');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Say why').waitFor();
    await page.keyboard.type('not on a Friday');
    await page.keyboard.press('Control+Enter');
    expect(await answer).toMatch(/denied|not on a Friday/);
    await page.getByText('Denied', { exact: true }).first().waitFor();
  });

  it('Sessions: found by filters that stand in the address, replayed, and ended', async () => {
    const stage = stageOf();
    const client = await stage.connect({ program: `batch-${theme}` });
    await client.query('SELECT id, name, email, ssn FROM customers ORDER BY id LIMIT 12');
    await client.query('DROP TABLE orders').catch(() => undefined);
    const told = new Promise<string>((done) => client.once('error', (error) => done(error.message)));
    const opened = await stage.open('/sessions', 'security', { theme });
    const { page } = opened;
    await page.getByRole('table').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('dev:dev-agent');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sessions?identity=*');
    const row = page.getByRole('row', { name: new RegExp(`batch-${theme}.*open.*refused`) });
    await eventually(async () => {
      await page.reload();
      await page.getByRole('table').waitFor();
      return (await row.count()) > 0;
    });
    await stage.inspect(opened, `sessions-${theme}`);
    await row.getByRole('link').click();
    await page.getByText('As it went').waitFor();
    await page.getByText('d***@example.com').first().waitFor();
    await page.getByText('agents do not change the schema').first().waitFor();
    await stage.inspect(opened, `session-${theme}`);
    await page.getByRole('button', { name: 'End this session' }).click();
    await page.keyboard.type('it reads too much');
    await stage.inspect(opened, `end-${theme}`);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await told).toContain('it reads too much');
    await page.getByText('by dev:dev-security: it reads too much').first().waitFor();
  });

  it('Decisions: the link of a refusal says why, and whom to ask', async () => {
    const stage = stageOf();
    const client = await stage.connect();
    const refused = await client.query('DROP TABLE orders').catch((error: { hint?: string }) => error.hint);
    const path = /\/decisions\/[\w-]+/.exec(String(refused))?.[0] ?? 'none';
    const opened = await stage.open(path, 'agent', { theme });
    const { page } = opened;
    await page.getByRole('heading', { name: /agents do not change the schema/ }).waitFor();
    await page.getByText('the demo shop team').waitFor();
    await page
      .getByText(/^agents\./)
      .first()
      .waitFor();
    await stage.inspect(opened, `decision-${theme}`);
  });

  it('Sign-in: whoever is not signed in is led there, and back', async () => {
    const stage = stageOf();
    const opened = await stage.open('/sessions?decision=deny', undefined, { theme });
    const { page } = opened;
    await page.waitForURL('**/sign-in?to=*');
    const link = page.getByRole('link', { name: /Continue with/ });
    await link.waitFor();
    await stage.inspect(opened, `sign-in-${theme}`);
    await link.click();
    await page.getByRole('button', { name: /auditor/ }).click();
    await page.waitForURL('**/sessions?decision=deny');
    await page.getByRole('heading', { name: 'Sessions' }).waitFor();
  });
}

/** As somebody does who pastes it in the repository's folder. */
function pasted({ house }: PagesStage, line: string) {
  const env = { ...process.env, WEIR_CONFIG: `${house.dir}/weir.yaml`, WEIR_DATA: house.dataDir };
  return run('sh', ['-c', `${line} -XAtc 'select 42'`], { cwd: root, env: { ...env, WEIR_URL: house.url } });
}
