import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { picture, seriousViolations, TestBrowser, type Theme } from '../support/chromium.js';
import { eventually, root, TestHouse } from '../support/house.js';
import { peer } from '../support/peers.js';
import { StandIn } from '../support/stand-in.js';

const chromium = peer('chromium');
const refusedLoad = /^Failed to load resource: the server responded with a status of (400|401|403|404|409)/;

describe.skipIf(!chromium)('the pages', { timeout: 60_000 }, () => {
  let house: TestHouse;
  let gate: StandIn;
  let browser: TestBrowser;
  beforeAll(async () => {
    house = await TestHouse.start({ yaml: 'demo: true' });
    // The demo database may come a moment after the gate.
    await eventually(() => asAgent(() => Promise.resolve(true)));
    gate = await StandIn.start(house);
    gate.activity = activity;
    gate.setup = setupOf(house);
    browser = TestBrowser.open();
  });
  afterEach(() => browser.close());
  afterAll(async () => {
    await gate?.stop();
    await house?.stop();
  });

  async function open(path: string, role: string | undefined, theme: Theme = 'light', width = 1280) {
    gate.role = role;
    const { page, complaints } = await browser.page({ theme, width, height: width < 500 ? 844 : 900 });
    await page.goto(gate.url + path);
    return { page, complaints };
  }

  /** A picture in both widths, axe in both, nothing wider than the window, nothing that the policy refused. */
  async function inspect(page: Page, complaints: readonly string[], name: string) {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await picture(page, `${name}-${width}`, true);
      expect(await seriousViolations(page)).toEqual([]);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
      expect(wide, `${name} at ${width} px is wider than the window`).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    expect(complaints.filter((each) => !refusedLoad.test(each))).toEqual([]);
  }

  async function asAgent<T>(work: (client: pg.Client) => Promise<T>, more: pg.ClientConfig = {}): Promise<T> {
    const client = new pg.Client({
      ...(await house.client('demo')),
      application_name: 'night-batch',
      ...more,
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  describe.each(['light', 'dark'] as const)('in the %s', (theme) => {
    it('Start: says what is missing and gives the line to paste', async () => {
      const { page, complaints } = await open('/', 'operator', theme);
      await page.getByRole('heading', { name: 'Connections' }).waitFor();
      await page.getByRole('button', { name: 'Copy the client line of demo' }).click();
      await page.getByText('Copied').waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(clientLine(house));
      await page.getByText('One thing is missing').waitFor();
      await inspect(page, complaints, `start-${theme}`);
    });

    it('Approvals: the request arrives by itself, is read, and approved by keyboard alone', async () => {
      const { page, complaints } = await open('/approvals', 'approver', theme);
      await page.getByText('Nothing waits for you').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      await inspect(page, complaints, `approvals-empty-${theme}`);
      await asAgent(async (client) => {
        const held = client.query("UPDATE orders SET status = 'paid' WHERE id = $1 AND status <> $2", [
          7,
          'lost',
        ]);
        const id = await house.pendingApproval();
        gate.tell(await house.json('approver', `/api/approvals/${id}`));
        await page.getByRole('link', { name: /update/ }).waitFor();
        await page.keyboard.press('j');
        await page.keyboard.press('Enter');
        await page.waitForURL(`**/approvals/${id}`);
        await page.getByText('Exactly this would run').waitFor();
        await page.getByText('lost').waitFor();
        await page
          .getByText('41 sessions')
          .or(page.getByText('sessions', { exact: true }))
          .first()
          .waitFor();
        await inspect(page, complaints, `approval-${theme}`);
        await page.keyboard.press('?');
        await page.getByText('Keys on this page').waitFor();
        await inspect(page, complaints, `keys-${theme}`);
        await page.keyboard.press('Escape');
        await page.keyboard.press('a');
        await page.getByRole('dialog').waitFor();
        await page.keyboard.type('ticket 4711');
        await inspect(page, complaints, `approve-${theme}`);
        await page.keyboard.press('Control+Enter');
        expect((await held).rowCount).toBe(1);
        await page.getByRole('heading', { level: 2 }).first().waitFor();
        await page.getByText('ticket 4711').waitFor();
        expect(gate.unsafe.at(-1)).toEqual({ path: `/api/approvals/${id}/decision`, csrf: gate.csrf });
      });
    });

    it('Approvals: denied with a reason, which a denial needs', async () => {
      const { page } = await open('/approvals', 'approver', theme);
      await asAgent(async (client) => {
        const held = client
          .query("DELETE FROM tickets WHERE status = 'closed'")
          .catch((error: Error) => error.message);
        const id = await house.pendingApproval();
        await page.goto(`${gate.url}/approvals/${id}`);
        await page.getByText('Exactly this would run').waitFor();
        await page.keyboard.press('d');
        await page.keyboard.press('Control+Enter');
        await page.getByText('Say why').waitFor();
        await page.keyboard.type('not on a Friday');
        await page.keyboard.press('Control+Enter');
        expect(await held).toMatch(/denied|not on a Friday/);
        await page.getByText('Denied', { exact: true }).first().waitFor();
      });
    });

    it('Sessions: found by filters that stand in the address, replayed, and ended', async () => {
      const sessionId = await asAgent(async (client) => {
        await client.query('SELECT id, name, email, ssn FROM customers ORDER BY id LIMIT 12');
        await client.query('DROP TABLE orders').catch(() => undefined);
        const { page, complaints } = await open('/sessions', 'security', theme);
        await page.getByRole('table').waitFor();
        await page.keyboard.press('/');
        await page.keyboard.type('dev:dev-agent');
        await page.keyboard.press('Enter');
        await page.waitForURL('**/sessions?identity=*');
        const row = page.getByRole('row', { name: /open.*refused/ }).first();
        await eventually(async () => {
          await page.reload();
          await page.getByRole('table').waitFor();
          return (await row.count()) > 0;
        });
        await inspect(page, complaints, `sessions-${theme}`);
        await row.getByRole('link').click();
        await page.getByText('As it went').waitFor();
        await page.getByText('d***@example.com').first().waitFor();
        await page.getByText('agents do not change the schema').first().waitFor();
        await inspect(page, complaints, `session-${theme}`);
        const id = new URL(page.url()).pathname.split('/').at(-1)!;
        await page.getByRole('button', { name: 'End this session' }).click();
        await page.keyboard.type('it reads too much');
        await inspect(page, complaints, `end-${theme}`);
        await page.keyboard.press('Control+Enter');
        await page.getByRole('dialog').waitFor({ state: 'hidden' });
        await page.getByText('The gate was told').waitFor();
        return id;
      });
      expect(gate.ended.at(-1)).toEqual({ id: sessionId, reason: 'it reads too much' });
    });

    it('Decisions: the link of a refusal says why, and whom to ask', async () => {
      const hint = await asAgent((client) =>
        client.query('DROP TABLE orders').then(
          () => '',
          (error: { hint?: string }) => error.hint ?? '',
        ),
      );
      const path = /\/decisions\/[\w-]+/.exec(hint)?.[0] ?? 'none';
      const { page, complaints } = await open(path, 'agent', theme);
      await page.getByRole('heading', { name: /agents do not change the schema/ }).waitFor();
      await page.getByText('the demo shop team').waitFor();
      await page
        .getByText('agents.no-ddl')
        .or(page.getByText(/^agents\./))
        .first()
        .waitFor();
      await inspect(page, complaints, `decision-${theme}`);
    });

    it('Sign-in: whoever is not signed in is led there, and back', async () => {
      const { page, complaints } = await open('/sessions?decision=deny', undefined, theme);
      await page.waitForURL('**/sign-in?to=*');
      const link = page.getByRole('link', { name: /Continue with Example Corp/ });
      await link.waitFor();
      expect(await link.getAttribute('href')).toBe(
        `/api/identity/sign-in/corp?to=${encodeURIComponent('/sessions?decision=deny')}`,
      );
      await inspect(page, complaints, `sign-in-${theme}`);
    });
  });

  describe('show what others wrote as text', () => {
    const bad = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    const hostile = (where: string) =>
      `${where} ${bad} \u202eevil\u2066 \x1b[31m {{7*7}} javascript:alert(3)`;
    const id = 'apr_01m7wfbyqd685ercy2qknzas5g';
    const item = {
      id,
      status: 'pending',
      requester: {
        id: hostile('rid'),
        kind: 'agent',
        subject: hostile('sub'),
        onBehalfOf: hostile('for'),
        displayName: hostile('who'),
      },
      connection: hostile('con'),
      text: hostile('red'),
      ...{
        kind: hostile('kin'),
        tables: [hostile('tab'), hostile('two'), 'z'.repeat(300)],
        reason: hostile('rea'),
      },
      ...{ approverGroups: [hostile('grp')], quorum: 1, mode: 'wait', classes: [hostile('cla')] },
      approvals: [
        { by: hostile('by'), decision: 'approve', reason: hostile('why'), at: new Date().toISOString() },
      ],
      requestedAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
      ...{ sessionId: 'ses_01m7wfbyqd685ercy2qknzas5g', statementId: 'ses_01m7wfbyqd685ercy2qknzas5g-1' },
      estimate: { unavailable: hostile('est') },
      source: { address: hostile('add'), program: hostile('app') },
      exact: {
        text: `SELECT '${hostile('sql')}' -- ${hostile('com')}\n/* \u202e */ "${hostile('idn')}"`,
        parameters: [hostile('par'), null, 'y'.repeat(3000)],
      },
    };

    async function harmless(page: Page, complaints: readonly string[], words: readonly string[]) {
      const text = await page.evaluate<string>('document.body.textContent');
      for (const word of words) expect(text).toContain(`${word} ${bad} \\u202eevil\\u2066 \\x1b[31m`);
      expect(text).not.toMatch(/[\u202e\u2066\x1b]/);
      expect(await page.evaluate<string>('document.title')).not.toMatch(/[\u202e\u2066\x1b]/);
      const made =
        'document.querySelectorAll("main img, main script, [onerror], [style*=expression], a[href^=javascript]").length';
      expect(await page.evaluate(made)).toBe(0);
      expect(complaints.filter((each) => !refusedLoad.test(each))).toEqual([]);
    }

    it('in a request', async () => {
      gate.own.set(`/api/approvals/${id}`, { status: 200, body: item });
      gate.own.set('/api/approvals', { status: 200, body: { approvals: [item] } });
      gate.own.set(`/api/activity/${id}`, {
        status: 200,
        body: {
          ...activity,
          tables: [{ table: hostile('act'), statements: 1, rows: 1 }],
          recent: [
            {
              ...activity.recent[0],
              kinds: [hostile('rec')],
              tables: [hostile('rta')],
              connection: hostile('rco'),
              decision: hostile('dec'),
            },
          ],
        },
      });
      const { page, complaints } = await open(`/approvals/${id}`, 'approver');
      await page.getByText('Exactly this would run').waitFor();
      await page.getByText('rec <img').waitFor();
      const words =
        'rid sub for who con kin tab rea grp cla by why est add app sql com idn par act rec rta rco dec';
      await harmless(page, complaints, words.replace('sub ', '').split(' '));
      await page.getByText('would not be seen, or would reorder').waitFor();
      await inspect(page, complaints, 'hostile-approval');
      await page.keyboard.press('a');
      await page.getByRole('dialog').waitFor();
      gate.own.set(`/api/approvals/${id}/decision`, {
        status: 409,
        body: { status: 409, code: 'APPROVAL_NOT_PENDING', detail: hostile('det'), hint: hostile('hin') },
      });
      await page.keyboard.press('Control+Enter');
      await page.getByRole('alert').waitFor();
      await harmless(page, complaints, ['det', 'hin']);
      gate.own.clear();
    });

    it('in a decision, a start page and a sign-in page', async () => {
      const decision = 'ses_01m7wfbyqd685ercy2qknzas5g-1';
      const named = Object.fromEntries(
        ['identity', 'onBehalfOf', 'connection', 'text', 'reason', 'snapshot', 'ask'].map((name) => [
          name,
          hostile(name),
        ]),
      );
      gate.own.set(`/api/decisions/${decision}`, {
        status: 200,
        body: {
          ...named,
          ...{
            id: decision,
            sessionId: 'ses_01m7wfbyqd685ercy2qknzas5g',
            time: new Date().toISOString(),
            decision: 'deny',
            approvalId: '',
          },
          ...{
            kinds: [hostile('kinds')],
            tablesRead: [hostile('read')],
            tablesWritten: [hostile('written')],
            policyIds: [hostile('policy')],
          },
          masks: [{ class: hostile('class'), values: 2 }],
          hold: { outcome: hostile('held'), decidedBy: [hostile('decider')], waitedUs: 1 },
          outcome: {
            status: hostile('status'),
            sqlstate: '42501',
            message: hostile('message'),
            rows: 1,
            bytes: 1,
            durationUs: 1,
            masked: {},
          },
        },
      });
      const first = await open(`/decisions/${decision}`, 'agent');
      await first.page.getByText('What to ask for').waitFor();
      const words = [
        ...Object.keys(named),
        'kinds',
        'read',
        'written',
        'policy',
        'class',
        'held',
        'decider',
        'status',
        'message',
      ];
      await harmless(first.page, first.complaints, words);
      await inspect(first.page, first.complaints, 'hostile-decision');

      gate.own.set('/api/setup', {
        status: 200,
        body: {
          ...setupOf(house),
          connections: [
            {
              name: hostile('name'),
              protocol: hostile('proto'),
              owner: hostile('owner'),
              client: hostile('client'),
            },
          ],
          missing: [{ what: hostile('what'), why: hostile('why'), do: hostile('do') }],
        },
      });
      const second = await open('/', 'agent');
      await second.page.getByText('client <img').waitFor();
      await harmless(second.page, second.complaints, [
        'name',
        'proto',
        'owner',
        'client',
        'what',
        'why',
        'do',
      ]);

      gate.own.set('/api/identity/providers', {
        status: 200,
        body: {
          providers: [
            {
              name: 'x',
              kind: 'oidc',
              label: hostile('label'),
              signIn: '/api/identity/sign-in/x',
              cli: null,
            },
          ],
        },
      });
      const third = await open(
        `/sign-in?to=//evil.example&error=${encodeURIComponent(hostile('error'))}`,
        undefined,
      );
      const link = third.page.getByRole('link', { name: /Continue with/ });
      await link.waitFor();
      expect(await link.getAttribute('href')).toBe('/api/identity/sign-in/x?to=%2F');
      await harmless(third.page, third.complaints, ['label']);
      gate.own.clear();
    });

    it('in a session that really was: its program, user, statements, errors and results', async () => {
      const said = await asAgent(
        async (client) => {
          await client.query(`SELECT '${bad} \u202e' AS "${bad.replaceAll('"', "'").slice(0, 50)}"`);
          await client.query(`SELEC '${bad}'`).catch(() => undefined);
          await client.query('SELECT $1::text AS parameter', [hostile('parameter')]);
          return true;
        },
        { application_name: bad.slice(0, 60), user: bad.slice(0, 50) },
      );
      expect(said).toBe(true);
      const { page, complaints } = await open('/sessions', 'auditor');
      const row = page.getByRole('row', { name: /onerror/ }).first();
      await eventually(async () => {
        await page.reload();
        await page.getByRole('table').waitFor();
        return (await row.count()) > 0;
      });
      await row.getByRole('link').click();
      await page.getByText('parameter <img').first().waitFor();
      await harmless(page, complaints, ['parameter']);
      await inspect(page, complaints, 'hostile-session');
    });
  });

  describe('to whoever works with them', () => {
    it('are moved through by keyboard, with a focus that is seen', async () => {
      const items = ['a', 'b', 'c'].map((name, i) => ({ ...plainItem(i), kind: `kind-${name}` }));
      gate.own.set('/api/approvals', { status: 200, body: { approvals: items } });
      const { page } = await open('/approvals', 'approver');
      await page.getByText('kind-a').waitFor();
      const focused = () => page.evaluate<string>('document.activeElement.innerText');
      for (const [key, kind] of [
        ['j', 'kind-a'],
        ['j', 'kind-b'],
        ['j', 'kind-c'],
        ['j', 'kind-c'],
        ['k', 'kind-b'],
      ] as const) {
        await page.keyboard.press(key);
        expect(await focused()).toContain(kind);
        expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
      }
      await page.keyboard.press('Tab');
      expect(await focused()).toContain('kind-c');
      await page.keyboard.press('g');
      await page.keyboard.press('h');
      await page.getByRole('heading', { name: 'Connections' }).waitFor();
      expect(await page.evaluate('document.activeElement.id')).toBe('content');
      gate.own.clear();
    });

    it('give the focus to the request that takes the place of the list on a narrow screen', async () => {
      gate.own.set('/api/approvals', { status: 200, body: { approvals: [plainItem(1)] } });
      gate.own.set(`/api/approvals/${plainItem(1).id}`, { status: 200, body: plainItem(1) });
      const { page, complaints } = await open('/approvals', 'approver', 'light', 390);
      await page.getByRole('link', { name: /delete/ }).click();
      await page.getByRole('button', { name: 'Approve…' }).waitFor();
      expect(await page.getByRole('link', { name: /delete/ }).isVisible()).toBe(false);
      expect(await page.evaluate('document.activeElement.tagName')).toBe('ARTICLE');
      await page.getByRole('link', { name: 'All requests' }).click();
      await page.getByRole('link', { name: /delete/ }).waitFor();
      expect(complaints.filter((each) => !refusedLoad.test(each))).toEqual([]);
      gate.own.clear();
    });

    it('ask for nothing by themselves when nobody has been there for a while', async () => {
      const id = 'ses_01m7wfbyqd685ercy2qknzas5g';
      gate.own.set(`/api/sessions/${id}`, {
        status: 200,
        body: { sessionId: id, identity: 'corp:ana', ...sessionNumbers },
      });
      gate.role = 'auditor';
      const { page } = await browser.page();
      let asked = 0;
      page.on('request', (each) => (asked += each.url().endsWith(`/api/sessions/${id}`) ? 1 : 0));
      await page.clock.install();
      await page.goto(`${gate.url}/sessions/${id}`);
      await page.getByRole('heading', { name: /corp:ana/ }).waitFor();
      const askedIn = async (minutes: number) => {
        const before = asked;
        // Answers are real, and take a moment of real time.
        for (let i = 0; i < minutes * 4; i++) {
          await page.clock.runFor(15_000);
          await new Promise((done) => setTimeout(done, 25));
        }
        return asked - before;
      };
      expect(await askedIn(2)).toBeGreaterThan(3);
      await askedIn(4);
      expect(await askedIn(3)).toBe(0);
      await page.keyboard.press('Shift');
      expect(await askedIn(1)).toBeGreaterThan(1);
      gate.own.clear();
    });

    it('miss nothing when the stream breaks, and lead to the sign-in page when the session is over', async () => {
      const { page } = await open('/approvals', 'approver');
      await page.getByText('Live', { exact: true }).waitFor();
      gate.breakStreams();
      gate.own.set('/api/approvals', {
        status: 200,
        body: { approvals: [{ ...plainItem(1), kind: 'kind-missed' }] },
      });
      await page.getByText('kind-missed').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      gate.own.clear();
      gate.role = undefined;
      gate.breakStreams();
      await page.waitForURL('**/sign-in?to=%2Fapprovals');
    });

    it('show what the stream says about a request, and take it out when it no longer waits', async () => {
      const { page } = await open('/approvals', 'approver');
      await page.getByText('Live', { exact: true }).waitFor();
      // Told again until it shows: the list, which the gate behind knows nothing of, may be read after the first time.
      const told = page.getByText('kind-told');
      await eventually(() => {
        gate.tell({ ...plainItem(1), kind: 'kind-told' });
        return told.isVisible();
      });
      await eventually(async () => {
        gate.tell({ ...plainItem(1), kind: 'kind-told', status: 'withdrawn' });
        return (await told.count()) === 0;
      });
    });

    it('ask the server for each page of a search, by what the address says', async () => {
      const asked: string[] = [];
      const session = {
        sessionId: 'ses_01m7wfbyqd685ercy2qknzas5g',
        ...sessionNumbers,
        identity: 'corp:ana',
      };
      gate.own.set('/api/sessions', { status: 200, body: { sessions: [session], next: 'the-next' } });
      const { page } = await open('/sessions?table=public.customers&class=email&decision=deny', 'auditor');
      page.on(
        'request',
        (each) => /\/api\/sessions/.test(each.url()) && asked.push(new URL(each.url()).search),
      );
      await page.getByText('corp:ana').waitFor();
      expect(await page.getByLabel('Table').inputValue()).toBe('public.customers');
      expect(await page.getByLabel('Decision').inputValue()).toBe('deny');
      await page.getByRole('link', { name: 'Older' }).click();
      await page.waitForURL('**cursor=the-next*');
      await eventually(() => asked.length > 0);
      expect(Object.fromEntries(new URLSearchParams(asked.at(-1)))).toEqual({
        ...{ table: 'public.customers', class: 'email', decision: 'deny', cursor: 'the-next', limit: '50' },
      });
      await page.getByRole('button', { name: 'Last hour' }).click();
      await page.waitForURL((url) => url.searchParams.has('since') && !url.searchParams.has('cursor'));
      gate.own.clear();
    });

    it('say what is refused, missing or broken', async () => {
      const { page, complaints } = await open('/sessions', 'approver');
      await page.getByText('You may not see sessions').waitFor();
      await page.goto(`${gate.url}/nowhere`);
      await page.getByText('There is no such page').waitFor();
      await inspect(page, complaints, 'not-found');
      await page.goto(`${gate.url}/decisions/ses_01m7wfbyqd685ercy2qknzas5g-9`);
      await page.getByText('Only whoever ran the statement').waitFor();
      gate.own.set('/api/setup', {
        status: 400,
        body: { status: 400, code: 'INPUT_INVALID', detail: 'broken' },
      });
      await page.goto(`${gate.url}/`);
      await page.getByText('Could not load what is set up').waitFor();
      await inspect(page, complaints, 'failure');
      gate.own.clear();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('heading', { name: 'Connections' }).waitFor();
    });

    it('keep the theme that was chosen, and sign out', async () => {
      const { page, complaints } = await open('/', 'operator', 'dark');
      await page.getByRole('heading', { name: 'Connections' }).waitFor();
      const ground = () =>
        page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
      const dark = await ground();
      await page.getByRole('button', { name: /^Theme: Auto/ }).click();
      const light = await ground();
      expect(light).not.toBe(dark);
      await page.reload();
      await page.getByRole('button', { name: /^Theme: Light/ }).waitFor();
      expect(await ground()).toBe(light);
      await page.getByRole('button', { name: /^Signed in as/ }).click();
      await inspect(page, complaints, 'menu');
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.waitForURL('**/sign-in*');
      expect(gate.unsafe.at(-1)).toEqual({ path: '/api/identity/sign-out', csrf: gate.csrf });
    });
  });

  it('are generated from the document that the gate serves', async () => {
    const { consolePart } = (await import('../../deploy/dev/console-api.mjs' as string)) as {
      consolePart: (document: unknown) => unknown;
    };
    const document: unknown = await (await fetch(`${house.url}/api/openapi.json`)).json();
    const committed: unknown = JSON.parse(
      readFileSync(join(root, 'services/console/api/openapi.json'), 'utf8'),
    );
    // `node deploy/dev/console-api.mjs URL` writes it anew.
    expect(JSON.parse(JSON.stringify(consolePart(document)))).toEqual(committed);
  });
});

const plainItem = (i: number) => ({
  id: `apr_01m7wfbyqd685ercy2qknzas5${'abcdef'[i]}`,
  status: 'pending',
  requester: { id: 'dev:dev-agent', kind: 'agent', subject: 'dev-agent', onBehalfOf: null },
  ...{
    connection: 'demo',
    text: 'DELETE FROM orders',
    kind: 'delete',
    tables: ['public.orders'],
    reason: 'why',
  },
  ...{ approverGroups: ['approvers'], quorum: 1, approvals: [], mode: 'wait' },
  requestedAt: new Date(Date.now() + i * 1000).toISOString(),
  expiresAt: new Date(Date.now() + 600_000).toISOString(),
  ...{ sessionId: 'ses_01m7wfbyqd685ercy2qknzas5g', statementId: 'ses_01m7wfbyqd685ercy2qknzas5g-1' },
});

const sessionNumbers = {
  ...{
    identityKind: 'person',
    onBehalfOf: '',
    connection: 'demo',
    protocol: 'postgres',
    sourceAddress: '127.0.0.1:1',
  },
  ...{ clientProgram: 'psql', clientUser: 'ana', startedAt: '2026-01-01T10:00:00.000000Z' },
  ...{ lastEventAt: '2026-01-01T10:00:00.000000Z', endedAt: null, endReason: '' },
  ...{
    statements: 1,
    denied: 1,
    held: 0,
    errors: 0,
    rows: 0,
    bytes: 0,
    maskedValues: 0,
    events: 3,
    missing: 0,
  },
};

const activity = {
  identity: 'dev:dev-agent',
  since: new Date(Date.now() - 86_400_000).toISOString(),
  ...{ sessions: 41, statements: 1290, denied: 3, held: 12, rows: 48_211, maskedValues: 903 },
  tables: [
    { table: 'public.orders', statements: 811, rows: 40_020 },
    { table: 'public.customers', statements: 388, rows: 8191 },
  ],
  recent: [
    {
      id: 'ses_01m7wfbyqd685ercy2qknzas5g-2',
      time: new Date(Date.now() - 60_000).toISOString(),
      ...{ kinds: ['drop_table'], tables: ['public.orders'], decision: 'deny', rows: 0, connection: 'demo' },
    },
    {
      id: 'ses_01m7wfbyqd685ercy2qknzas5g-1',
      time: new Date(Date.now() - 65_000).toISOString(),
      ...{ kinds: ['select'], tables: ['public.customers'], decision: 'allow', rows: 12, connection: 'demo' },
    },
  ],
};

function clientLine(house: TestHouse): string {
  return `psql "host=127.0.0.1 port=${house.postgresPort} dbname=demo user=agent"`;
}

function setupOf(house: TestHouse) {
  return {
    postgres: { host: '127.0.0.1', port: house.postgresPort },
    connections: [
      { name: 'demo', protocol: 'postgres', owner: 'the demo shop team', client: clientLine(house) },
      {
        ...{ name: 'orders', protocol: 'postgres', owner: 'payments-team' },
        client: `psql "host=weir.internal.example port=15432 dbname=orders user=agent sslmode=verify-full sslrootcert=system"`,
      },
    ],
    policies: { count: 14, owner: 'file', version: 'p-7' },
    masking: { rules: 9, owner: 'shipped' },
    ...{ providers: 0, webhooks: 1 },
    missing: [
      {
        what: 'Nobody can sign in to pages',
        why: 'No identity provider is named with a client for pages, so approvers have the commands only.',
        do: 'identity.oidc[].signIn in weir.yaml: clientId, clientSecret',
      },
    ],
  };
}
