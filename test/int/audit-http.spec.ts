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
  encodeEnvelope,
  LinkSchema,
  newEvent,
  ResultChunkSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  topics,
  type Envelope,
} from '#events';
import { AppError, systemClock } from '#kernel';
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
  const yaml = 'identity: { roles: { auditor: [auditors], security: [security] } }';
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

async function append(envelopes: readonly Envelope[]): Promise<string> {
  const positions = await log.append(topics.session, envelopes.map(encodeEnvelope));
  const { topic, partition, offset } = positions.at(-1)!;
  return `${topic}/${partition}/${offset}`;
}

function aSession(id = session): Envelope[] {
  const origin = { source: 'proxy/test', subject: id, clock: systemClock };
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
        decision: 'allow',
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
}

const get = (path: string, token: string, position?: string) => send('GET', path, token, undefined, position);
const post = (path: string, body: unknown, token: string) => send('POST', path, token, JSON.stringify(body));

function send(
  method: string,
  path: string,
  token: string,
  body?: string,
  position?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(position === undefined ? {} : { 'weir-position': position }),
    };
    const outgoing = request({ socketPath, method, path, headers }, (answer) => {
      const { statusCode: status = 0, headers: received } = answer;
      text(answer).then(
        (got) => resolve({ status, type: received['content-type'] ?? '', body: got }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
