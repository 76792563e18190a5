import 'reflect-metadata';
import { request } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Module, type INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { openEmbeddedLog, type EventLog } from '#event-log';
import {
  ApprovalRequestedSchema,
  ConnectionRegisteredSchema,
  encodeEnvelope,
  EndSessionSchema,
  LinkSchema,
  newEvent,
  PageSessionStartedSchema,
  payload,
  ResultChunkSchema,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  topics,
  type Envelope,
  type Topic,
} from '#events';
import { formatPosition, toWirePrincipal } from '#domain';
import { AppError, ManualClock, systemClock } from '#kernel';
import { bootHttp, parseConfig, PlatformModule } from '#platform';
import { AuditModule } from '../../services/audit/audit.module.js';

const dataDir = mkdtempSync(join(tmpdir(), 'weir-audit-http-'));
const socketPath = join(dataDir, 'audit.sock');
const session = 'ses_1';
let log: EventLog;
let app: INestApplication;

const verifier = {
  verify: async (token: string) => {
    if (!token.startsWith('ok-')) throw new AppError('TOKEN_INVALID', 'no');
    const subject = token.slice(3);
    const groups = [subject];
    const principal = { id: `corp:${subject}`, issuer: 'corp', subject, kind: 'person' as const, groups };
    return { principal, expiresAt: Date.now() + 60_000 };
  },
};

beforeAll(async () => {
  const yaml =
    'identity: { roles: { auditor: [auditors], security: [security], approver: [approvers, others] } }';
  const config = parseConfig(yaml, join(dataDir, 'weir.yaml'), dataDir);
  log = openEmbeddedLog({ path: join(dataDir, 'log') });
  const platform = { config, clock: systemClock, eventLog: log, instance: 'audit-test', verifier };
  @Module({ imports: [PlatformModule.forRoot(platform), AuditModule] })
  class App {}
  app = await bootHttp(App, { listen: { socketPath }, shutdownHooks: false });
});

afterAll(async () => {
  await app.close();
  await log.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the audit routes', () => {
  it('show a session as it went, once a read names the position', async () => {
    const position = await append(aSession());
    const list = await get('/api/sessions?identity=corp:agent-7', 'ok-auditors', position);
    expect(list.status).toBe(200);
    expect(JSON.parse(list.body)).toMatchObject({
      next: null,
      sessions: [{ sessionId: session, identity: 'corp:agent-7', statements: 1, missing: 0, endedAt: null }],
    });
    const one = await get(`/api/sessions/${session}`, 'ok-security');
    expect(JSON.parse(one.body)).toMatchObject({ sessionId: session, connection: 'orders', rows: 2 });
    const events = await get(`/api/sessions/${session}/events`, 'ok-security');
    expect(events.type).toContain('application/x-ndjson');
    const lines = events.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ seq, type }) => `${String(seq)} ${String(type)}`)).toEqual([
      '1 SessionStarted',
      '2 StatementReceived',
      '3 ResultChunk',
      '4 StatementOutcome',
    ]);
    expect(lines[1]).toMatchObject({ text: 'select name from customers', parameters: [{ value: '7' }] });
    expect(lines[1]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(lines[2]?.['rows']).toEqual([
      { values: [{ text: 'Ana' }, { text: '\\x00000007' }] },
      { values: [{}, {}] },
    ]);
    expect(lines[2]).not.toHaveProperty('frames');
  });

  it.each([
    ['?after=2', ['3', '4']],
    ['?after=1&limit=2', ['2', '3']],
    ['?statement=stm_ses_1&after=2', ['3', '4']],
    ['?statement=stm_other', []],
    ['?after=4', []],
  ])('show a part of a session: %s', async (query, seqs) => {
    const { status, body } = await get(`/api/sessions/${session}/events${query}`, 'ok-auditors');
    expect(status).toBe(200);
    expect([...body.matchAll(/"seq":(\d+)/g)].map(([, seq]) => seq)).toEqual(seqs);
  });

  it.each([
    ['ses_1/events?after=x', 400],
    ['ses_1/events?limit=0', 400],
    ['ses_1/events?other=1', 400],
    ['ses_none/events?after=1', 404],
  ])('no part: /api/sessions/%s: %i', async (path, status) => {
    expect((await get(`/api/sessions/${path}`, 'ok-auditors')).status).toBe(status);
  });

  it('page and filter sessions', async () => {
    const position = await append([...aSession('ses_2'), ...aSession('ses_3')]);
    const first = JSON.parse((await get('/api/sessions?limit=2', 'ok-auditors', position)).body);
    expect(first.sessions.map((each: { sessionId: string }) => each.sessionId)).toEqual(['ses_3', 'ses_2']);
    const second = JSON.parse((await get(`/api/sessions?limit=2&cursor=${first.next}`, 'ok-auditors')).body);
    expect(second).toMatchObject({ next: null, sessions: [{ sessionId: 'ses_1' }] });
    const none = await get('/api/sessions?until=2001-01-01T00:00:00Z', 'ok-auditors');
    expect(JSON.parse(none.body)).toEqual({ sessions: [], next: null });
    expect((await get('/api/sessions?since=yesterday', 'ok-auditors')).status).toBe(400);
    expect((await get('/api/sessions?connection=other', 'ok-auditors')).body).toContain('"sessions":[]');
  });

  it.each([
    ['/api/sessions', 'ok-nobody', 403],
    ['/api/sessions/ses_1/events', 'ok-nobody', 403],
    ['/api/sessions', 'bad', 401],
    ['/api/sessions/ses_none', 'ok-auditors', 404],
    ['/api/sessions/ses_none/events', 'ok-auditors', 404],
    ['/api/decisions/stm_ses_1', 'ok-auditors', 200],
    ['/api/decisions/stm_ses_1', 'ok-security', 200],
    ['/api/decisions/stm_ses_1', 'ok-agent-7', 200],
    ['/api/decisions/stm_ses_1', 'ok-nobody', 404],
    ['/api/decisions/stm_none', 'ok-nobody', 404],
  ])('%s as %s: %i', async (path, token, status) => {
    expect((await get(path, token)).status).toBe(status);
  });

  it('answer a stranger the same for a decision that is not theirs and one that is not', async () => {
    const foreign = JSON.parse((await get('/api/decisions/stm_ses_1', 'ok-nobody')).body);
    const absent = JSON.parse((await get('/api/decisions/stm_ses_9', 'ok-nobody')).body);
    expect({ ...foreign, detail: '' }).toEqual({ ...absent, detail: '' });
    expect(foreign.detail.replace('ses_1', '')).toBe(absent.detail.replace('ses_9', ''));
  });

  it('give a decision with what became of it', async () => {
    expect(JSON.parse((await get('/api/decisions/stm_ses_1', 'ok-agent-7')).body)).toMatchObject({
      id: 'stm_ses_1',
      decision: 'allow',
      policyIds: ['base-reads'],
      tablesRead: ['public.customers'],
      hold: null,
      outcome: { status: 'ok', rows: 2, masked: { email: 2 } },
    });
  });

  it("run an auditor's SQL and nobody else's", async () => {
    const body = { query: 'select session_id, sum(rows) as rows from statements group by all order by all' };
    const answer = await post('/api/sql', body, 'ok-auditors');
    expect(answer.status).toBe(200);
    expect(answer.type).toContain('application/json');
    expect(JSON.parse(answer.body)).toEqual({
      columns: [
        { name: 'session_id', type: 'String' },
        { name: 'rows', type: 'UInt64' },
      ],
      rows: [
        ['ses_1', 2],
        ['ses_2', 2],
        ['ses_3', 2],
      ],
    });
    const csv = await post('/api/sql', { ...body, format: 'CSVWithNames' }, 'ok-auditors');
    expect(csv.type).toContain('text/csv');
    expect(csv.body).toBe('"session_id","rows"\n"ses_1",2\n"ses_2",2\n"ses_3",2\n');
    expect((await post('/api/sql', body, 'ok-security')).status).toBe(403);
    expect((await post('/api/sql', { ...body, format: 'Native' }, 'ok-auditors')).status).toBe(400);
    const refusal = await post('/api/sql', { query: "select * from file('/etc/passwd')" }, 'ok-auditors');
    expect(JSON.parse(refusal.body)).toMatchObject({ status: 400, code: 'QUERY_REFUSED' });
  });

  it.each([
    'cursor=ses_1%27',
    'cursor=',
    'cursor=..%2F..%2Fetc',
    `cursor=${'a'.repeat(129)}`,
    'since=yesterday',
    'since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z',
    'since=2026-01-02T00:00:00Z&until=2026-01-02T00:00:00Z',
    'decision=maybe',
    'decision=',
    'decision=allow&decision=deny',
    'table=',
    `table=${'t'.repeat(301)}`,
    'limit=0',
    'limit=501',
    'limit=1e9',
    'order=asc',
  ])('take no %s', async (query) => {
    const answer = await get(`/api/sessions?${query}`, 'ok-auditors');
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'INPUT_INVALID']);
  });

  it.each([
    ['table=public.customers', 3],
    ['table=customers', 3],
    ['table=customers&decision=allow', 3],
    ['table=customers&decision=deny', 0],
    ['table=public.custom%25', 0],
    ['class=email', 3],
    ['class=email%27%20OR%201=1', 0],
    ['decision=hold', 0],
    ['identity=corp:agent-7&connection=orders&class=email&decision=allow&table=customers', 3],
    ['cursor=ses_none', 3],
    ['since=2026-01-01T00:00:00Z&until=2100-01-01T00:00:00%2B02:00', 3],
  ])('find with %s', async (query, found) => {
    const answer = await get(`/api/sessions?${query}`, 'ok-security');
    expect([answer.status, JSON.parse(answer.body).sessions?.length]).toEqual([200, found]);
  });

  it('are documented with their bodies and answers', async () => {
    const { paths } = JSON.parse((await get('/api/openapi.json', 'ok-auditors')).body);
    const sql = paths['/api/sql'].post;
    expect(JSON.stringify(sql.requestBody)).toContain('"query"');
    expect(JSON.stringify(sql.responses['200'])).toContain('columns');
    expect(JSON.stringify(paths['/api/sessions'].get)).toContain('cursor');
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/sessions/{id}', '/api/sessions/{id}/events', '/api/decisions/{id}']),
    );
  });
});

describe('the end of a session, asked for', () => {
  const end = (id: string, token: string, body: unknown = { reason: 'wrong database' }) =>
    send('DELETE', `/api/sessions/${id}`, token, JSON.stringify(body));

  it('is a command in the log, with who asked', async () => {
    await append(aSession('ses_open')); // not in the store yet
    const answer = await end('ses_open', 'ok-security');
    expect(answer.status).toBe(202);
    const { id } = JSON.parse(answer.body) as { id: string };
    const [last] = await log.end(topics.command);
    const [event] = await log.read({ ...last!, offset: last!.offset - 1 }, 1);
    expect(event?.envelope).toMatchObject({ id, subject: 'ses_open' });
    expect(payload(EndSessionSchema, event!.envelope)).toMatchObject({
      sessionId: 'ses_open',
      reason: 'wrong database',
      by: { id: 'corp:security', kind: 'person' },
    });
    const query =
      "SELECT identity, session_id, reason FROM control_events WHERE type = 'EndSession' AND session_id = 'ses_open'";
    const recorded = async () => JSON.parse((await post('/api/sql', { query }, 'ok-auditors')).body).rows;
    await expect
      .poll(recorded, { timeout: 10_000 })
      .toEqual([['corp:security', 'ses_open', 'wrong database']]);
  });

  it('is told with the session that ended for it; one that ended before has nobody who ended it', async () => {
    const reasons = {
      ses_asked: 'ended: wrong database',
      ses_left: 'terminated',
      ses_late: 'ended: too old',
    };
    for (const [id, reason] of Object.entries(reasons)) {
      const opened = await append(aSession(id));
      await get('/api/sessions', 'ok-security', opened);
      const asked = await end(id, 'ok-security');
      expect(asked.status).toBe(202);
      const [command] = await log.end(topics.command);
      await get('/api/sessions', 'ok-security', `${topics.command}/0/${command!.offset - 1}`);
      const position = await append([endOf(id, reason)]);
      const one = await get(`/api/sessions/${id}`, 'ok-auditors', position);
      const endedBy = id === 'ses_asked' ? 'corp:security' : '';
      await expect
        .poll(async () => JSON.parse((await get(`/api/sessions/${id}`, 'ok-auditors')).body))
        .toMatchObject({ endReason: reason, endedBy });
      expect(one.status).toBe(200);
    }
    const open = await get(`/api/sessions/${session}`, 'ok-auditors');
    expect(JSON.parse(open.body)).toMatchObject({ endedAt: null, endedBy: '' });
  });

  it('is one command for one Idempotency-Key of one person, however often it is asked, also once it is over', async () => {
    await append(aSession('ses_twice'));
    const ask = (key: string, token = 'ok-security', reason = 'once') =>
      send('DELETE', '/api/sessions/ses_twice', token, JSON.stringify({ reason }), undefined, key);
    const [first, ...others] = await Promise.all([ask('k-1'), ask('k-1'), ask('k-1')]);
    const said = await log.end(topics.command);
    expect([first!.status, first!.position]).toEqual([202, formatPosition(said[0]!)]);
    expect(others).toEqual([first, first]);
    expect(await ask('k-1')).toEqual(first);
    const reused = await ask('k-1', 'ok-security', 'another reason');
    expect([reused.status, reused.body]).toEqual([422, expect.stringContaining('KEY_REUSED')]);
    expect(await log.end(topics.command)).toEqual(said);
    const other = await ask('k-2'); // it is open still: another wish
    expect([other.status, other.body === first!.body]).toEqual([202, false]);
    await get('/api/sessions', 'ok-security', await append([endOf('ses_twice', 'ended: once')]));
    await expect
      .poll(async () => JSON.parse((await get('/api/sessions/ses_twice', 'ok-auditors')).body))
      .toMatchObject({ endReason: 'ended: once' });
    const end_ = await log.end(topics.command);
    expect(await ask('k-1')).toEqual(first);
    expect(await ask('k-2')).toEqual(other);
    expect((await ask('k-3')).status).toBe(409);
    expect(await log.end(topics.command)).toEqual(end_);
  });

  it('is refused for one that is unknown, or over', async () => {
    await get(
      '/api/sessions',
      'ok-security',
      await append([...aSession('ses_over'), endOf('ses_over', 'terminated')]),
    );
    const before = await log.end(topics.command);
    expect((await end('ses_over', 'ok-security')).status).toBe(409);
    expect((await end('ses_none', 'ok-security')).status).toBe(404);
    expect((await end("ses_'%20OR%201=1", 'ok-security')).status).toBe(404);
    expect(await log.end(topics.command)).toEqual(before);
  });

  it.each([
    ['ok-auditors', 403],
    ['ok-approvers', 403],
    ['ok-nobody', 403],
    ['ok-agent-7', 403],
    ['bad', 401],
  ])('is refused to %s', async (token, status) => {
    expect((await end('ses_1', token)).status).toBe(status);
  });

  it.each([
    {},
    { reason: '' },
    { reason: ' ' },
    { reason: 'a\nb' },
    { reason: 7 },
    { reason: 'x', force: true },
  ])('takes no %j', async (body) => expect((await end('ses_1', 'ok-security', body)).status).toBe(400));
});

function endOf(sessionId: string, reason: string): Envelope {
  const origin = { source: 'proxy/test', subject: sessionId, clock: systemClock };
  const ended = newEvent(SessionEndedSchema, { sessionId, reason }, origin);
  ended.link = create(LinkSchema, { seq: 5n, hash: Buffer.alloc(32) });
  return ended;
}

describe('what a requester did lately', () => {
  beforeAll(async () => {
    const origin = { source: 'proxy/test', subject: 'apr_1', clock: systemClock };
    const requested = newEvent(
      ApprovalRequestedSchema,
      {
        ...{ approvalId: 'apr_1', sessionId: session, statementId: 'stm_9', connection: 'orders' },
        requester: {
          id: 'corp:agent-7',
          issuer: 'corp',
          subject: 'agent-7',
          kind: 'agent',
          onBehalfOf: 'corp:ana',
        },
        ...{
          text: 'update t',
          kind: 'update',
          tables: ['public.t'],
          approverGroups: ['approvers'],
          quorum: 1,
        },
        ...{ mode: 'retry', expiresAtUs: BigInt(Date.now() + 60_000) * 1000n },
      },
      origin,
    );
    await log.append(topics.approval, [encodeEnvelope(requested)]);
    const denied = aSession('ses_denied', { decision: 'deny', time: Date.now() - 3_600_000 });
    const old = aSession('ses_old', { time: Date.now() - 25 * 3_600_000 });
    await get('/api/sessions', 'ok-security', await append([...denied, ...old]));
  });

  it('is shown to those who may decide, without texts', async () => {
    const answer = await get('/api/activity/apr_1', 'ok-approvers');
    expect(answer.status).toBe(200);
    const seen = JSON.parse(answer.body);
    const { sessions } = JSON.parse((await get('/api/sessions?identity=corp:agent-7', 'ok-auditors')).body);
    const n = sessions.length - 1; // all but the old one
    expect(seen).toMatchObject({
      identity: 'corp:agent-7',
      ...{ sessions: n, statements: n, denied: 1, held: 0, rows: 2 * n, maskedValues: 2 * n },
      tables: [{ table: 'public.customers', statements: n, rows: 2 * n }],
    });
    expect(Date.now() - Date.parse(seen.since)).toBeLessThan(24 * 3_600_000 + 60_000);
    expect(seen.recent).toHaveLength(n);
    expect(seen.recent.at(-1)).toMatchObject({
      ...{ id: 'stm_ses_denied', kinds: ['select'], tables: ['public.customers'], decision: 'deny', rows: 2 },
      connection: 'orders',
    });
    for (const secret of ['select name', 'stm_ses_old']) expect(answer.body).not.toContain(secret);
  });

  it.each([
    ['apr_1', 'ok-auditors', 200],
    ['apr_1', 'ok-security', 200],
    ['apr_1', 'ok-others', 404], // an approver, of other requests
    ['apr_1', 'ok-agent-7', 404], // of oneself: the requester decides nothing
    ['apr_1', 'ok-ana', 404],
    ['apr_1', 'ok-nobody', 404],
    ['apr_none', 'ok-security', 404],
    ["apr_1'%20OR%201=1", 'ok-security', 404],
    ['apr_1', 'bad', 401],
  ])('%s as %s: %i', async (id, token, status) => {
    expect((await get(`/api/activity/${id}`, token)).status).toBe(status);
  });

  it('is not shown to one who is known to have lost the role since the token was issued', async () => {
    const { principal } = await verifier.verify('ok-approvers');
    const started = newEvent(
      PageSessionStartedSchema,
      {
        ...{ pageSessionId: 'pgs_1', secretHash: Buffer.alloc(32), provider: 'corp', kind: 'oidc' },
        principal: toWirePrincipal({ ...principal, groups: [] }),
        ...{ idleUs: 60_000_000n, endsAtUs: BigInt(Date.now() + 60_000) * 1000n },
      },
      { source: 'identity/test', subject: principal.id, clock: systemClock },
    );
    await log.append(topics.identity, [encodeEnvelope(started)]);
    expect((await get('/api/activity/apr_1', 'ok-approvers')).status).toBe(404);
  });
});

describe('a decision', () => {
  it('says what was masked and whom to ask', async () => {
    const read = async () => JSON.parse((await get('/api/decisions/stm_ses_1', 'ok-agent-7')).body);
    expect(await read()).toMatchObject({ masks: [{ class: 'email', values: 2 }], ask: '' });
    await append(register('orders', 'first team'), topics.policy);
    await append(register('other', 'other team'), topics.policy);
    const position = await append(register('orders', 'payments-team'), topics.policy);
    await get('/api/decisions/stm_ses_1', 'ok-agent-7', position);
    expect(await read()).toMatchObject({ ask: 'payments-team' });
    const { paths } = JSON.parse((await get('/api/openapi.json', 'ok-auditors')).body);
    const documented = JSON.stringify(paths['/api/decisions/{id}'].get.responses['200']);
    expect(documented).toContain('masks');
    expect(documented).toContain('whom to ask');
  });
});

function register(name: string, owner: string): Envelope[] {
  const origin = { source: 'policy/test', subject: name, clock: systemClock };
  return [newEvent(ConnectionRegisteredSchema, { connection: { name, owner }, owner: 'api' }, origin)];
}

async function append(envelopes: readonly Envelope[], to: Topic = topics.session): Promise<string> {
  const positions = await log.append(to, envelopes.map(encodeEnvelope));
  const { topic, partition, offset } = positions.at(-1)!;
  return `${topic}/${partition}/${offset}`;
}

function aSession(id = session, { decision = 'allow', time = Date.now() } = {}): Envelope[] {
  const origin = { source: 'proxy/test', subject: id, clock: new ManualClock(time) };
  const statementId = `stm_${id}`;
  const events = [
    newEvent(
      SessionStartedSchema,
      { sessionId: id, principal: { id: 'corp:agent-7', kind: 'agent' }, connection: 'orders' },
      origin,
    ),
    newEvent(
      StatementReceivedSchema,
      {
        statementId,
        text: 'select name from customers',
        kinds: ['select'],
        reads: [{ schema: 'public', name: 'customers' }],
        parameters: [{ value: '7' }],
        decision,
        policyIds: ['base-reads'],
      },
      origin,
    ),
    newEvent(
      ResultChunkSchema,
      {
        statementId,
        columns: [{ name: 'name' }, { name: 'id', format: 1 }],
        frames: Buffer.concat([dataRow(['Ana', Buffer.from([0, 0, 0, 7])]), dataRow([null, null])]),
        rowCount: 2,
      },
      origin,
    ),
    newEvent(StatementOutcomeSchema, { statementId, status: 'ok', rows: 2n, masked: { email: 2n } }, origin),
  ];
  events.forEach(
    (event, i) => (event.link = create(LinkSchema, { seq: BigInt(i + 1), hash: Buffer.alloc(32) })),
  );
  return events;
}

function dataRow(values: readonly (string | Buffer | null)[]): Buffer {
  const fields = values.map((value) => {
    const bytes = value === null ? Buffer.alloc(0) : Buffer.from(value as string);
    const size = Buffer.alloc(4);
    size.writeInt32BE(value === null ? -1 : bytes.length);
    return Buffer.concat([size, bytes]);
  });
  const head = Buffer.alloc(7);
  head.write('D');
  head.writeInt32BE(6 + Buffer.concat(fields).length, 1);
  head.writeInt16BE(values.length, 5);
  return Buffer.concat([head, ...fields]);
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** `weir-position`. */
  readonly position: string | undefined;
}

const get = (path: string, token: string, position?: string) => send('GET', path, token, undefined, position);
const post = (path: string, body: unknown, token: string) => send('POST', path, token, JSON.stringify(body));

function send(
  method: string,
  path: string,
  token: string,
  body?: string,
  position?: string,
  idempotencyKey?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      // Node sends no length of its own with a DELETE.
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      ...(position === undefined ? {} : { 'weir-position': position }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    };
    const outgoing = request({ socketPath, method, path, headers }, (answer) => {
      const { statusCode: status = 0, headers: received } = answer;
      const place = received['weir-position'] as string | undefined;
      text(answer).then(
        (got) => resolve({ status, type: received['content-type'] ?? '', body: got, position: place }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
