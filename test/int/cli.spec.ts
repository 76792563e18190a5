import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../services/cli/cli.js';
import { approvalList } from '../../services/approval/approval.item.js';
import { connectionList } from '../../services/policy/connection.item.js';
import { checkItem } from '../../services/proxy/check.item.js';
import { publicationItem } from '../../services/policy/policies.item.js';

/** The API as far as the CLI uses it: what it was asked, and what it answers next. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: unknown;
}
let asked: Asked[];
let answers: Map<string, { status?: number; body: unknown }>;
const api = createServer((request, response) => {
  void record(request).then(({ method, path }) => {
    const { status = 200, body } = answers.get(`${method} ${path}`) ?? { status: 404, body: notFound };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});

async function record(request: IncomingMessage): Promise<Asked> {
  const body = await text(request);
  const asking = {
    method: request.method ?? '',
    path: (request.url ?? '').replace(/^\/api/, ''),
    token: request.headers.authorization,
    body: /^[[{"]/.test(body) ? (JSON.parse(body) as unknown) : undefined,
  };
  asked.push(asking);
  return asking;
}

const notFound = { code: 'NOT_FOUND', detail: 'no such thing' };
const folder = mkdtempSync(join(tmpdir(), 'weir-cli-'));
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(() => {
  api.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  answers = new Map();
});

async function weir(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = { WEIR_TOKEN: 'tok' },
  to = url,
  width?: number,
) {
  const out: string[] = [];
  const err: string[] = [];
  const world = { env, url: to, dataDir: folder, width, now: () => Date.UTC(2026, 0, 1) };
  const code = await runCli(argv, { ...world, out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const found = {
  ...{ id: 'fnd_1', severity: 'high', state: 'open', identity: 'corp:bot', detector: 'bulk-read' },
  ...{ title: 'More rows than ever', evidence: 'read 9 rows', connection: 'orders', subject: 'public.t' },
  ...{ windowStart: '2026-01-01T10:00:00.000000Z', windowEnd: '2026-01-01T11:00:00.000000Z' },
  ...{ technique: 'T1530', risk: 'watch', riskUntil: '2026-01-02T11:00:00.000000Z', quarantine: '' },
  ...{ incident: 'fnd_1', sessionIds: ['ses_1'], stateReason: '', stateBy: '' },
  raisedAt: '2026-01-01T10:12:13.456Z',
};

const request = {
  id: 'apr_1',
  status: 'pending' as const,
  requester: {
    ...{ id: 'dev:dev-agent', kind: 'agent' as const, subject: 'dev-agent' },
    ...{ onBehalfOf: 'dev:ann', displayName: 'Reports' },
  },
  connection: 'demo',
  text: 'delete from tickets where id = 7',
  kind: 'delete',
  tables: ['public.tickets'],
  classes: ['email'],
  estimate: { rows: 1200, cost: 8.5 },
  source: { address: '10.0.0.9:50312', program: 'psql' },
  reason: 'agents ask before they write',
  approverGroups: ['approvers'],
  quorum: 2,
  approvals: [],
  mode: 'wait' as const,
  requestedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-01T00:00:43.000Z',
  sessionId: 'ses_1',
  statementId: 'st_1',
};

describe('the command', () => {
  it('lists its verbs, the exit codes and, for a verb, examples', async () => {
    const { code, out } = await weir(['help']);
    expect(code).toBe(0);
    for (const verb of ['connect', 'approve', 'replay', 'exit codes']) expect(out).toContain(verb);
    expect((await weir(['approve', '--help'])).out).toContain('./weir approve apr_');
    expect((await weir([])).code).toBe(0);
  });

  it('names WEIR_URL and an example where that is no address', async () => {
    for (const bad of ['127.0.0.1:8080', 'localhost:8080', 'weir.example']) {
      const { code, err } = await weir(['sessions'], undefined, bad);
      expect([code, err]).toEqual([
        2,
        expect.stringContaining(`WEIR_URL is "${bad}", which is no address; `),
      ]);
      expect(err).toContain('http://127.0.0.1:8080');
    }
  });

  it.each([
    [404, 'text/html', '<h1>not here</h1>'],
    [405, 'text/plain', 'no'],
    [200, 'text/html', '<h1>hello</h1>'],
  ])('tells something else from a gate: HTTP %i %s', async (status, type, page) => {
    const other = createServer((_, response) =>
      response.writeHead(status, { 'content-type': type }).end(page),
    );
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, err } = await weir(['approvals'], undefined, at);
    other.close();
    expect([code, err]).toEqual([
      5,
      expect.stringContaining(`what answers at ${at} is not a Weirkeeper gate (HTTP ${status})`),
    ]);
  });

  it.each([
    [['dance'], 2, 'no such command: dance'],
    [['deny', 'apr_1'], 2, '--reason is missing'],
    [['approve'], 2, 'the id is missing'],
    [['approve', 'a', 'b'], 2, 'unexpected argument: b'],
    [['approvals', '--nope'], 2, "Unknown option '--nope'"],
    [['token', 'root'], 2, 'there is no root'],
    [['connect', 'demo', '--listen', '0.0.0.0:1'], 2, 'only loopback is allowed'],
    [['approvals', 'apr_x'], 4, 'no such thing'],
  ])('%j ends with %i: %s', async (argv, code, says) => {
    const result = await weir(argv);
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(says)]);
    expect(result.out).toBe('');
  });

  it('ends with 3 where it is refused, and with 5 where there is no gate', async () => {
    const body = { code: 'FORBIDDEN', detail: 'this needs the role approver', hint: 'ask' };
    answers.set('GET /approvals?status=pending', { status: 403, body });
    expect(await weir(['approvals'])).toEqual({
      code: 3,
      out: '',
      err: 'weir: this needs the role approver\n  ask',
    });
    const away = await weir(['approvals'], { WEIR_TOKEN: 'tok' }, 'http://127.0.0.1:9');
    expect([away.code, away.err]).toEqual([5, expect.stringContaining('cannot be reached')]);
  });

  it('says what it would need where there is no token', async () => {
    const { code, err } = await weir(['approvals'], {});
    expect([code, err]).toEqual([3, expect.stringContaining('set WEIR_TOKEN')]);
    expect(asked).toEqual([]);
  });

  it('looks for the development secrets in WEIR_SHARED, else in WEIR_DATA, and says so', async () => {
    const err: string[] = [];
    const run = (env: NodeJS.ProcessEnv) =>
      runCli(['approvals'], { env, url, err: (line) => err.push(line) });
    expect(await run({ WEIR_SHARED: folder, WEIR_DATA: '/nowhere' })).toBe(3);
    expect(await run({ WEIR_DATA: '/nowhere' })).toBe(3);
    expect(err).toEqual([
      expect.stringMatching(`no ${folder}/dev-idp.json; .*WEIR_SHARED where services are apart`),
      expect.stringContaining('no /nowhere/dev-idp.json'),
    ]);
    answers.set('POST /dev-idp/token', { status: 401, body: {} });
    const secrets = { clients: { approver: { id: 'dev-approver', secret: 'of another gate' } } };
    writeFileSync(join(folder, 'dev-idp.json'), JSON.stringify(secrets));
    err.length = 0;
    expect(await run({ WEIR_SHARED: folder })).toBe(3);
    rmSync(join(folder, 'dev-idp.json'));
    expect(err[0]).toMatch(/answered 4\d\d to the secrets in .*dev-idp.json; .*WEIR_SHARED/);
  });

  it('says what was asked where a front answers for a service that is away', async () => {
    answers.set('GET /journal', { status: 502, body: '<html>Bad Gateway</html>' });
    const { code, err } = await weir(['journal']);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/answered 502 to GET \/api\/journal\n.*routes\.json/) as string,
    ]);
  });

  it('speaks JSON about errors too', async () => {
    const { code, err } = await weir(['approvals', 'apr_x', '--json']);
    expect([code, JSON.parse(err)]).toEqual([4, { error: { code: 'NOT_FOUND', message: 'no such thing' } }]);
  });

  it('does not take a page of something else for an answer', async () => {
    answers.set('GET /approvals?status=pending', { body: { hello: 'world' } });
    expect(await weir(['approvals'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('not understood') as string,
    });
  });
});

describe('approvals', () => {
  it('shows who wants what, where, why, and how to answer', async () => {
    answers.set('GET /approvals?status=pending', { body: approvalList.parse({ approvals: [request] }) });
    const { code, out } = await weir(['approvals']);
    expect(code).toBe(0);
    expect(out).toBe(`apr_1  expires in 43 s
  who     dev:dev-agent (Reports, agent, for dev:ann)
  from    10.0.0.9:50312, says it is "psql"
  where   demo
  what    delete public.tickets
  data    email
  plan    about 1,200 rows, cost 8.5
  why     held: agents ask before they write
    delete from tickets where id = 7
  ./weir approve apr_1   or   ./weir deny apr_1 --reason "…"`);
    expect(asked[0]?.token).toBe('Bearer tok');
  });

  it("does not let a statement write on its approver's terminal", async () => {
    const sneaky = 'delete from a;\u001b[2K\u001b[1Aselect 1; \u202e-- \u009b2J';
    answers.set('GET /approvals?status=pending', { body: { approvals: [{ ...request, text: sneaky }] } });
    const { out } = await weir(['approvals']);
    expect(out).toContain('delete from a;\\u{1b}[2K');
    expect(out).not.toMatch(/[\u001b\u009b\u202e]/);
    answers.set('GET /approvals?status=pending', {
      body: { approvals: [{ ...request, connection: 'a\u001b[2K' }] },
    });
    expect((await weir(['approvals'])).out).not.toContain('\u001b');
  });

  it('shows exactly what would run', async () => {
    const exact = { text: 'delete from t where id = $1 and k = $2', parameters: ['7', null] };
    answers.set('GET /approvals/apr_1', { body: { ...request, exact } });
    expect((await weir(['approvals', 'apr_1'])).out).toContain('$1 = 7\n    $2 = NULL');
  });

  it('approves, and says how many are still needed', async () => {
    const path = 'POST /approvals/apr_1/decision';
    const yes = { by: 'corp:bea', decision: 'approve' as const, reason: '', at: request.requestedAt };
    answers.set(path, { body: { ...request, approvals: [yes] } });
    expect((await weir(['approve', 'apr_1'])).out).toBe('approved apr_1: 1 of 2 approvals, it still waits');
    answers.set(path, { body: { ...request, status: 'approved' } });
    expect((await weir(['approve', 'apr_1', '--reason', 'ok'])).out).toBe('approved apr_1');
    expect(asked.at(-1)?.body).toEqual({ decision: 'approve', reason: 'ok' });
    answers.set(path, { status: 202, body: { id: 'evt_1', status: 'accepted' } });
    expect((await weir(['approve', 'apr_1'])).out).toContain('recorded');
  });

  it('denies with a reason', async () => {
    answers.set('POST /approvals/apr_1/decision', { body: { ...request, status: 'denied' } });
    expect((await weir(['deny', 'apr_1', '--reason', 'no'])).out).toBe('denied apr_1');
    expect(asked.at(-1)?.body).toEqual({ decision: 'deny', reason: 'no' });
  });
});

describe('connections', () => {
  const orders = {
    name: 'orders',
    protocol: 'postgres',
    host: '10.0.0.5',
    port: 5432,
    database: 'orders',
    user: 'svc',
    password: 'stored',
    tls: 'require',
    tlsCa: null,
    owner: '',
    allowPrivileged: false,
    registeredBy: 'api' as const,
  };

  it('are listed', async () => {
    answers.set('GET /connections', { body: connectionList.parse({ connections: [orders] }) });
    expect((await weir(['connections'])).out).toMatch(
      /orders {2,}postgres {2,}10\.0\.0\.5:5432\/orders {2,}svc/,
    );
    expect(JSON.parse((await weir(['connections', '--json'])).out)).toEqual({ connections: [orders] });
  });

  it('are added with a password that stands in no command line', async () => {
    answers.set('POST /connections', { status: 201, body: orders });
    answers.set('POST /connections/orders/check', {
      body: checkItem.parse({ reached: true, server: 'PostgreSQL 15.14', tls: true }),
    });
    const target = ['--host', '10.0.0.5', '--database', 'orders', '--user', 'svc'];
    const env = { WEIR_TOKEN: 'tok', ORDERS_PW: 's3cret' };
    const { code, out } = await weir(
      ['connections', 'add', 'orders', ...target, '--password-env', 'ORDERS_PW'],
      env,
    );
    expect([code, out]).toEqual([
      0,
      'added orders; what to mask: ./weir classify orders; use it: ./weir connect orders\nreached: PostgreSQL 15.14, with TLS',
    ]);
    expect(asked[0]?.body).toMatchObject({ name: 'orders', protocol: 'postgres', password: 's3cret' });
    expect((await weir(['connections', 'add', 'orders', ...target, '--password', 'x'])).code).toBe(2);
    const twice = ['--password-env', 'ORDERS_PW', '--password-stdin'];
    expect((await weir(['connections', 'add', 'orders', ...target, ...twice], env)).code).toBe(2);
  });

  it('are removed', async () => {
    answers.set('DELETE /connections/orders', { body: { name: 'orders', status: 'removed' } });
    expect((await weir(['connections', 'remove', 'orders'])).out).toBe('removed orders');
    expect((await weir(['connections', 'remove', 'nothing'])).code).toBe(4);
  });
});

describe('policy', () => {
  const policies = mkdtempSync(join(folder, 'policies-'));
  writeFileSync(join(policies, 'agents.cedar'), 'permit(principal, action, resource);');
  writeFileSync(join(policies, 'notes.txt'), 'not a policy');

  it('publishes what the files say', async () => {
    const body = publicationItem.parse({
      registered: ['orders'],
      removed: [],
      policies: 'v2',
      masking: null,
      restart: ['listen.http'],
    });
    answers.set('POST /policies/publish', { body });
    const { out, err } = await weir(['policy', 'publish', '--change', 'PR 123']);
    expect(out).toBe('connection orders registered\npolicies are now version v2');
    expect(err).toMatch(/only once the gate is started again: listen\.http$/);
    expect(asked[0]?.body).toEqual({ changeReference: 'PR 123' });
  });

  it('checks files without publishing them', async () => {
    answers.set('GET /connections', { body: { connections: [{ name: 'demo' }] } });
    const detail = 'default.cedar:3:1: unexpected token';
    answers.set('POST /policies/simulate', { status: 422, body: { code: 'POLICY_INVALID', detail } });
    expect(await weir(['policy', 'check', policies])).toMatchObject({ code: 2, err: `weir: ${detail}` });
    answers.set('POST /policies/simulate', { body: {} });
    expect(await weir(['policy', 'check', policies])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/valid$/) as string,
    });
    const files = [{ name: 'agents.cedar', text: 'permit(principal, action, resource);' }];
    expect(asked.at(-1)?.body).toMatchObject({ files });
    expect((await weir(['policy', 'check', tmpdir()])).code).toBe(2);
  });
});

describe('the audit trail', () => {
  const session = {
    sessionId: 'ses_1',
    identity: 'dev:dev-agent',
    connection: 'demo',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
    statements: 3,
    denied: 1,
    held: 1,
    rows: 12,
  };

  it('searches sessions, and says how to go on', async () => {
    answers.set('GET /sessions?table=public.t&decision=deny&limit=1', {
      body: { sessions: [session], next: 'ses_1' },
    });
    const search = ['sessions', '--table', 'public.t', '--decision', 'deny', '--limit', '1'];
    const { code, out } = await weir(search);
    expect(code).toBe(0);
    expect(out).toContain('more: --cursor ses_1');
  });

  it('ends a session, with a reason', async () => {
    answers.set('DELETE /sessions/ses_1', { body: { id: 'evt_1', status: 'accepted' } });
    const { code, out } = await weir(['sessions', 'end', 'ses_1', '--reason', 'wrong database']);
    expect([code, out]).toEqual([0, expect.stringContaining('asked to end ses_1')]);
    expect((await weir(['sessions', 'end', 'ses_1'])).code).toBe(2);
    expect((await weir(['sessions', 'end', '--reason', 'x'])).code).toBe(2);
    expect((await weir(['sessions', 'stop', 'ses_1'])).code).toBe(2);
  });

  it('lists sessions since an age or a time', async () => {
    answers.set('GET /sessions?since=2025-12-31T23%3A00%3A00.000Z', { body: { sessions: [session] } });
    const { code, out } = await weir(['sessions', '--since', '1h']);
    expect(code).toBe(0);
    expect(out.split('\n').at(-1)).toMatch(
      /^ses_1 +2026-01-01 00:00:00 +open +dev:dev-agent +demo +3 +1 +1 +12$/,
    );
    expect((await weir(['sessions', '--since', 'yesterday'])).code).toBe(2);
    expect((await weir(['sessions', '--until', 'tomorrow'])).code).toBe(2);
  });

  it('replays the events of one, and hands them on as they are with --json', async () => {
    const event = { seq: '1', time: '2026-01-01T00:00:00.000Z', type: 'SessionEnded', reason: 'terminated' };
    answers.set('GET /sessions/ses_1/events', { body: event });
    expect((await weir(['replay', 'ses_1'])).out).toMatch(/^00:00:00\.000 {2}ended: terminated/);
    expect((await weir(['replay', 'ses_1', '--json'])).out).toBe(JSON.stringify(event));
    expect((await weir(['replay', 'ses_2'])).code).toBe(4);
  });

  it('lists findings by when they were raised, and says in which zone', async () => {
    answers.set('GET /findings', { body: { findings: [found], next: null } });
    const { out } = await weir(['findings']);
    expect(out).toMatch(/raised \(UTC\)/);
    expect(out).toContain('2026-01-01 10:12:13');
    expect(out).not.toContain('11:00:00');
    answers.set('GET /findings/fnd_1', { body: found });
    const one = (await weir(['findings', 'fnd_1'])).out;
    expect(one).toContain('when      2026-01-01 10:00:00 to 2026-01-01 11:00:00 UTC\n');
    expect(one).toContain('raised    2026-01-01 10:12:13 UTC\n');
    expect(one).toContain('watch until 2026-01-02 11:00:00 UTC\n');
    const evidence = 'read 9 rows, '.repeat(20);
    const forgiven = { ...found, evidence, sessionIds: ['ses_1', 'ses_2'], state: 'false_alarm' };
    answers.set('GET /findings/fnd_1', { body: forgiven });
    const after = (await weir(['findings', 'fnd_1'])).out;
    expect(after).toContain('watch until 2026-01-02 11:00:00 UTC; as a false alarm it counts no longer\n');
    expect(after).toMatch(/replay +\.\/weir replay ses_1\n +\.\/weir replay ses_2$/);
    answers.set('GET /findings', { body: { findings: [forgiven], next: null } });
    expect((await weir(['findings'])).out, 'no terminal').toContain(evidence.trim());
    const { out: cut } = await weir(['findings'], { WEIR_TOKEN: 'tok' }, url, 120);
    expect(cut.split('\n').map((line) => line.length <= 120 && line.length > 110)).toEqual([
      expect.any(Boolean),
      ...[true, true],
    ]);
    expect(cut).toMatch(/^fnd_1 .*false alarm.*corp:bot.*read 9 rows.*…$/m);
  });

  it('says of a false alarm how long more of the same raises nothing, while its window lasts', async () => {
    const more =
      'its window lasts until 2026-01-01 11:00:00 UTC: more of the same until then is this finding, and raises nothing';
    const ack = ['findings', 'ack', 'fnd_1', '--reason', 'an export', '--state', 'false_alarm'];
    const lasting = { ...found, state: 'false_alarm' };
    answers.set('POST /findings/fnd_1/ack', { body: lasting });
    expect((await weir(ack)).out).toBe(`fnd_1 is false alarm\n${more}`);
    answers.set('POST /findings/fnd_1/ack', { status: 202, body: { id: 'evt_1', status: 'accepted' } });
    answers.set('GET /findings/fnd_1', { body: lasting });
    expect((await weir(ack)).out).toMatch(`the list follows\n${more}`);
    expect((await weir(['findings', 'fnd_1'])).out).toContain(more);
    const windowEnd = '2026-01-01T00:00:00.000000Z';
    answers.set('POST /findings/fnd_1/ack', { body: { ...lasting, windowEnd } });
    expect((await weir(ack)).out).toBe('fnd_1 is false alarm');
    expect((await weir([...ack.slice(0, -1), 'acknowledged'])).out).toBe('fnd_1 is acknowledged');
  });

  it('says what there is to choose from where a state or a level is missing or wrong', async () => {
    const states = 'give one of open, acknowledged, false_alarm';
    const ack = ['findings', 'ack', 'fnd_1', '--reason', 'seen'];
    expect(await weir(ack)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`--state is missing: ${states}`),
    });
    const wrong = await weir([...ack, '--state', 'forgiven']);
    expect(wrong).toMatchObject({
      code: 2,
      err: expect.stringContaining(`--state is "forgiven": ${states}`),
    });
    const set = await weir(['quarantine', 'corp:bot', '--reason', 'reads a lot']);
    expect(set).toMatchObject({
      code: 2,
      err: expect.stringContaining('--level is missing: give one of watch, approve'),
    });
    expect(asked).toEqual([]);
  });

  it('says that a quarantine ahead of a first session is meant', async () => {
    const path = 'POST /identities/corp%3Abot/quarantine';
    const refused = {
      code: 'NOT_FOUND',
      detail: 'the record has nothing of corp:bot',
      hint: 'Look at its spelling.',
    };
    answers.set(path, { status: 404, body: refused });
    const set = ['quarantine', 'corp:bot', '--level', 'blocked', '--reason', 'told by phone'];
    const unheard = await weir(set);
    expect([unheard.code, unheard.err]).toEqual([
      4,
      expect.stringContaining('the record has nothing of corp:bot'),
    ]);
    answers.set(path, { status: 202, body: { id: 'evt_1', status: 'accepted' } });
    expect((await weir([...set, '--unseen'])).code).toBe(0);
    expect(asked.map(({ body }) => (body as { unseen?: boolean }).unseen)).toEqual([undefined, true]);
  });

  it('answers SQL as a table, and says when it is refused', async () => {
    answers.set('POST /sql', {
      body: {
        columns: [{ name: 'who' }, { name: 'n' }],
        rows: [
          ['ann', 2],
          ['bob', null],
        ],
      },
    });
    expect((await weir(['sql', 'select who, n from x'])).out).toBe('who  n\n───  ─\nann  2\nbob  ∅');
    expect(asked[0]?.body).toEqual({ query: 'select who, n from x' });
    answers.set('POST /sql', {
      status: 400,
      body: { code: 'QUERY_REFUSED', detail: 'url() is not allowed' },
    });
    expect(await weir(['sql', 'select url()'])).toMatchObject({ code: 3, err: 'weir: url() is not allowed' });
  });
});
