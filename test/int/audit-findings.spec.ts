import 'reflect-metadata';
import '../support/idle-machine.js';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { Module, type INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { formatPosition } from '#domain';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { encodeEnvelope, LinkSchema, newEvent, SessionStartedSchema, topics, type Envelope } from '#events';
import { AppError, ManualClock, systemClock, type Clock } from '#kernel';
import { bootHttp, parseConfig, PlatformModule } from '#platform';
import type { ClickHouseClient } from '#audit-store';
import { AuditModule } from '../../services/audit/audit.module.js';
import { AUDIT_READER } from '../../services/audit/audit.tokens.js';
import type { FindingItem, FindingPage, QuarantineItem } from '../../services/audit/findings/finding.item.js';
import { IngestService } from '../../services/audit/ingest/ingest.service.js';
import { Dice } from '../long/fuzz/dice.js';
import { FindingFold } from '../../services/audit/findings/finding.fold.js';
import {
  bot,
  hour,
  lifted,
  quarantined,
  raised,
  ruled,
  triaged,
  under,
} from '../../libs/domain/finding.specimen.js';

vi.setConfig({ testTimeout: 60_000 });

const dir = mkdtempSync(join(tmpdir(), 'weir-findings-'));
/** The book knows those of the last 30 days. */
const start = Math.floor(Date.now() / hour) * hour - 48 * hour;
let log: EventLog;
let app: INestApplication;
let url: string;
let at = '';

const verifier = {
  verify: async (token: string) => {
    const [subject = '', kind = 'person', group = subject] = token.split('/');
    if (subject === 'nobody') throw new AppError('TOKEN_INVALID', 'no');
    const principal = { id: `corp:${subject}`, issuer: 'corp', subject, groups: [group] };
    return {
      principal: { ...principal, kind: kind === 'agent' ? ('agent' as const) : ('person' as const) },
      expiresAt: Date.now() + 60_000,
    };
  },
};

beforeAll(async () => {
  const yaml = 'identity: { roles: { auditor: [auditors], security: [security], approver: [approvers] } }';
  const config = parseConfig(yaml, join(dir, 'weir.yaml'), dir);
  log = openEmbeddedLog({ path: join(dir, 'log') });
  const platform = { config, clock: systemClock, eventLog: log, instance: 'audit-test', verifier };
  @Module({ imports: [PlatformModule.forRoot(platform), AuditModule] })
  class App {}
  app = await bootHttp(App, { listen: { host: '127.0.0.1', port: 0 }, shutdownHooks: false });
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api`;
}, 60_000);

afterAll(async () => {
  await app.close();
  await log.close();
  rmSync(dir, { recursive: true, force: true });
});

async function append(...events: readonly Envelope[]): Promise<void> {
  const positions = await log.append(topics.finding, events.map(encodeEnvelope));
  at = formatPosition(positions.at(-1)!);
  await app.get(FindingFold).readFrom(at);
}

async function call(
  method: string,
  path: string,
  body?: object,
  more: Record<string, string> = {},
  who = 'security',
) {
  const answer = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${who}`,
      ...(at === '' ? {} : { 'weir-position': at }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...more,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const position = answer.headers.get('weir-position');
  if (position) at = position;
  return { status: answer.status, position, body: (text === '' ? {} : JSON.parse(text)) as unknown };
}

const page = async (query = '') => (await call('GET', `/findings${query}`)).body as FindingPage;
const one = async (id: string) => (await call('GET', `/findings/${id}`)).body as FindingItem;
const ids = ({ findings }: FindingPage) => findings.map(({ id }) => id);
const ack = (id: string, state: string, more = {}, who = 'security') =>
  call('POST', `/findings/${id}/ack`, { state, reason: 'seen' }, more, who);
const quarantineOf = (identity: string) => `/identities/${encodeURIComponent(identity)}/quarantine`;
const standing = async () =>
  ((await call('GET', '/quarantines')).body as { quarantines: QuarantineItem[] }).quarantines;

function began(
  identity: string,
  owner: string,
  sessionId = 'ses_seen',
  clock: Clock = systemClock,
): Uint8Array {
  const principal = { id: identity, kind: 'agent', onBehalfOf: owner };
  const origin = { source: 'proxy/test', subject: sessionId, clock };
  const event = newEvent(SessionStartedSchema, { sessionId, principal, connection: 'orders' }, origin);
  event.link = create(LinkSchema, { seq: 1n, hash: Buffer.alloc(32) });
  return encodeEnvelope(event);
}

describe('findings in the store', () => {
  beforeAll(async () => {
    const found = (id: string, from: number, more = {}) => raised(id, { from: start + from * hour, ...more });
    await append(
      found('f1', 0, {
        measures: { rows: 48_210, masked_values: 7 },
        sessionIds: ['ses_1'],
        connection: 'orders',
      }),
      found('f2', 7, { severity: 'low', detector: 'new-host', measures: { hosts: 1 } }),
      found('f1', 0, { title: 'again' }),
      found('f3', 30, { severity: 'critical' }),
      found('f4', 1, { identity: 'corp:other', onBehalfOf: 'corp:security', severity: 'medium' }),
      found('f5', 2, { identity: '', subject: 'ses_gap' }),
      under('corp:eve', found('f6', 0)),
      triaged('f2', 'acknowledged'),
      under('corp:eve', triaged('f3', 'false_alarm')),
    );
  });

  it('are each there once, the newest first, and as they were first raised', async () => {
    expect(ids(await page())).toEqual(['f5', 'f4', 'f3', 'f2', 'f1']);
    const f1 = await one('f1');
    expect(f1).toMatchObject({
      ...{ title: 'More rows than ever', severity: 'high', technique: 'T1530', identity: bot, state: 'open' },
      ...{ connection: 'orders', evidence: 'read 48,210 rows', risk: 'high', quarantine: '', incident: 'f1' },
      ...{
        measures: { rows: 48_210, masked_values: 7 },
        sessionIds: ['ses_1'],
        statementIds: [],
        stateAt: null,
      },
    });
    const times = [f1.windowStart, f1.windowEnd, f1.riskUntil].map(
      (time) => (Date.parse(time) - start) / hour,
    );
    expect(times).toEqual([0, 1, 25]);
    expect((await call('GET', '/findings/f6')).status).toBe(404);
  });

  it('are found by what they are about', async () => {
    const by = async (query: string) => ids(await page(query));
    expect(await by('?state=acknowledged')).toEqual(['f2']);
    expect(await by('?severity=critical')).toEqual(['f3']);
    expect(await by('?identity=corp:other')).toEqual(['f4']);
    expect(await by('?detector=new-host')).toEqual(['f2']);
    const time = (hours: number) => encodeURIComponent(new Date(start + hours * hour).toISOString());
    expect(await by(`?from=${time(1)}&to=${time(7)}`)).toEqual(['f5', 'f4']);
    for (const wrong of [
      '?state=forgiven',
      '?from=yesterday',
      '?nonsense=1',
      `?from=${time(2)}&to=${time(1)}`,
    ])
      expect((await call('GET', `/findings${wrong}`)).status).toBe(400);
  });

  it('come page by page', async () => {
    const seen: string[] = [];
    let next: string | null = '';
    for (let pages = 0; next !== null && pages < 9; pages++) {
      const got: FindingPage = await page(`?limit=2${next === '' ? '' : `&cursor=${next}`}`);
      seen.push(...ids(got));
      next = got.next;
    }
    expect(seen).toEqual(['f5', 'f4', 'f3', 'f2', 'f1']);
  });

  it('belong to incidents, as the fold has them', async () => {
    const { incidents } = await page(`?identity=${bot}`);
    expect(
      incidents.map(({ id, severity, findings, open, detectors }) => [
        id,
        severity,
        findings,
        open,
        detectors,
      ]),
    ).toEqual([
      ['f3', 'critical', 1, 1, ['bulk-read']],
      ['f1', 'high', 2, 1, ['bulk-read', 'new-host']],
    ]);
    expect(ids(await page('?incident=f1'))).toEqual(['f2', 'f1']);
    const folded = app.get(FindingFold).book.incidents(bot);
    expect(folded.map((each) => [each.id, each.findings.map(({ id }) => id)])).toEqual([
      ['f1', ['f1', 'f2']],
      ['f3', ['f3']],
    ]);
  });

  it('become events of OCSF', async () => {
    const ocsf = async (id: string) =>
      (await call('GET', `/findings/${id}?format=ocsf`)).body as Record<string, unknown>;
    expect(await ocsf('f1')).toMatchObject({
      ...{
        category_uid: 2,
        class_uid: 2006,
        type_uid: 200_601,
        activity_id: 1,
        severity_id: 4,
        status_id: 1,
      },
      ...{ time: expect.any(Number), start_time: start, end_time: start + hour, message: 'read 48,210 rows' },
      metadata: { version: '1.8.0', product: { name: 'Weirkeeper' }, uid: 'f1', correlation_uid: 'f1' },
      finding_info: { uid: 'f1', title: 'More rows than ever', attacks: [{ technique: { uid: 'T1530' } }] },
      ...{ actor: { user: { uid: bot } }, database: { name: 'orders', type_id: 1 }, is_alert: true },
    });
    expect(await ocsf('f2')).toMatchObject({
      ...{
        class_uid: 2004,
        type_uid: 200_402,
        severity_id: 2,
        status_id: 2,
        status: 'In Progress',
        is_alert: false,
      },
      evidences: [{ actor: { user: { uid: bot } }, data: { measures: { hosts: 1 } } }],
    });
    const list = (await call('GET', '/findings?format=ocsf&limit=2')).body as {
      findings: object[];
      next: string;
    };
    expect([list.findings.length, typeof list.next]).toEqual([2, 'string']);
  });

  it('are what a person says they are, once for a key, and again with another', async () => {
    const key = { 'idempotency-key': 'k1' };
    const said = await ack('f3', 'false_alarm', key);
    expect(said).toMatchObject({
      status: 200,
      body: { state: 'false_alarm', stateReason: 'seen', stateBy: 'corp:security' },
    });
    expect(said.position).toMatch(/^weir\.finding\.v1\/0\/\d+$/);
    expect((await ack('f3', 'open')).body).toMatchObject({ state: 'open' });
    expect((await ack('f3', 'false_alarm', key)).body).toMatchObject({ state: 'open' });
    expect(await one('f3')).toMatchObject({ state: 'open' });
    expect((await ack('f5', 'acknowledged')).body).toMatchObject({ state: 'acknowledged', identity: '' });
  });

  it('are refused under a key that was used for another word, and stay what they are', async () => {
    const key = { 'idempotency-key': 'k-other' };
    expect((await ack('f3', 'acknowledged', key)).status).toBe(200);
    expect(await ack('f3', 'false_alarm', key)).toMatchObject({ status: 422, body: { code: 'KEY_REUSED' } });
    expect(await one('f3')).toMatchObject({ state: 'acknowledged' });
    expect((await ack('f5', 'open', key)).status).toBe(200); // a key is its finding's
    expect((await ack('f5', 'acknowledged')).status).toBe(200);
    expect((await ack('f3', 'open')).status).toBe(200);
  });

  it('on an agent that several share are for none of those to judge whose sessions they may be about', async () => {
    const agent = 'corp:shared';
    const session = (owner: string, hours: number) =>
      began(agent, `corp:${owner}`, `ses_${owner}`, new ManualClock(start + hours * hour));
    await log.append(topics.session, [
      ...[session('mallory', -30), session('walt', 0.5), session('lena', 3)],
      began('corp:alone', 'corp:walt', 'ses_alone', new ManualClock(start)),
    ]);
    const about = { identity: agent, onBehalfOf: 'corp:tom' };
    await append(
      raised('s1', { ...about, from: start, sessionIds: ['ses_mallory'] }),
      raised('s2', { identity: '', subject: 'ses_alone', from: start, sessionIds: ['ses_alone'] }),
      raised('s3', { ...about, from: start + 24 * hour, quarantine: 'approve' }),
    );
    const said = async (id: string, subject: string, state = 'acknowledged') =>
      (await ack(id, state, {}, `${subject}/person/security`)).status;
    for (const who of ['tom', 'mallory', 'Walt']) expect([who, await said('s1', who)]).toEqual([who, 403]);
    for (const who of ['lena', 'ben']) expect([who, await said('s1', who)]).toEqual([who, 200]);
    for (const who of ['alone', 'walt']) expect([who, await said('s2', who)]).toEqual([who, 403]);
    expect(await said('s2', 'mallory')).toBe(200);
    // As a false alarm it takes the quarantine along, which none of them lifts.
    expect(await said('s3', 'mallory')).toBe(200);
    expect(await said('s3', 'mallory', 'false_alarm')).toBe(403);
    expect(await standing()).toMatchObject([{ identity: agent, level: 'approve' }]);
    expect(await said('s3', 'ben', 'false_alarm')).toBe(200);
    expect(await standing()).toEqual([]);
  });

  it('are no agent’s to judge, nor anybody’s whom they are about', async () => {
    expect((await ack('f4', 'false_alarm')).status).toBe(403); // of an agent that acts in their name
    expect((await ack('f4', 'false_alarm', {}, 'ben/person/security')).status).toBe(200);
    expect((await ack('f3', 'false_alarm', {}, 'soar/agent/security')).status).toBe(403);
    for (const who of ['auditors', 'approvers']) expect((await ack('f3', 'open', {}, who)).status).toBe(403);
    expect((await ack('none', 'open')).status).toBe(404);
    expect((await call('POST', '/findings/f3/ack', { state: 'open' })).status).toBe(400);
    expect((await call('POST', '/findings/f3/ack', { state: 'open', reason: ' ' })).status).toBe(400);
  });
});

describe('quarantines', () => {
  const set = (level: string, more = {}, identity = bot, who = 'security') =>
    call('POST', quarantineOf(identity), { level, reason: 'reads a lot' }, more, who);
  const meant = (level: string, identity: string) =>
    call('POST', quarantineOf(identity), { level, reason: 'reads a lot', unseen: true });
  const lift = (identity = bot, more = {}, who = 'security') =>
    call('DELETE', quarantineOf(identity), { reason: 'sorted out' }, more, who);

  it('are set, stand, and are lifted', async () => {
    expect(await set('approve')).toMatchObject({
      status: 200,
      body: { identity: bot, level: 'approve', by: 'corp:security' },
    });
    expect(await standing()).toMatchObject([{ identity: bot, level: 'approve', reason: 'reads a lot' }]);
    expect((await call('GET', '/quarantines', undefined, {}, 'auditors')).status).toBe(200);
    expect(await lift()).toMatchObject({ status: 200, body: { identity: bot, status: 'lifted' } });
    expect(await standing()).toEqual([]);
    expect((await lift()).status).toBe(404);
  });

  it('are set and lifted once for a key', async () => {
    const first = await set('blocked', { 'idempotency-key': 's1' });
    const unset = await lift(bot, { 'idempotency-key': 'l1' });
    expect([first.status, unset.status]).toEqual([200, 200]);
    await set('watch');
    expect((await lift(bot, { 'idempotency-key': 'l1' })).status).toBe(200);
    expect(await standing()).toMatchObject([{ level: 'watch' }]);
    expect((await lift()).status).toBe(200);
  });

  it('are refused under a key that was used for another, also where both come at once', async () => {
    const key = { 'idempotency-key': 's-other' };
    const reused = { status: 422, body: { code: 'KEY_REUSED' } };
    expect((await set('watch', key)).status).toBe(200);
    expect(await set('blocked', key)).toMatchObject(reused);
    const other = { level: 'watch', reason: 'another reason' };
    expect(await call('POST', quarantineOf(bot), other, key)).toMatchObject(reused);
    expect(await standing()).toMatchObject([{ level: 'watch', reason: 'reads a lot' }]);
    expect((await lift(bot, { 'idempotency-key': 'l-other' })).status).toBe(200);
    const why = { reason: 'another reason' };
    expect(await call('DELETE', quarantineOf(bot), why, { 'idempotency-key': 'l-other' })).toMatchObject(
      reused,
    );
    const twice = { 'idempotency-key': 's-twice' };
    const both = await Promise.all([set('watch', twice), set('blocked', twice)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 422]);
    expect((await lift()).status).toBe(200);
  });

  it('are security’s, need a level, a reason and an identity as the record has it', async () => {
    for (const who of ['auditors', 'approvers']) expect((await set('watch', {}, bot, who)).status).toBe(403);
    expect((await set('exile')).status).toBe(400);
    expect((await call('POST', quarantineOf(bot), { level: 'watch' })).status).toBe(400);
    for (const wrong of ['bot', ':bot', 'corp:', 'x'.repeat(600), 'corp:a\nb'])
      expect((await set('watch', {}, wrong)).status).toBe(400);
    expect(await standing()).toEqual([]);
    const long = `corp:repo:acme/reports:ref:refs/heads/${'x'.repeat(400)}`;
    expect((await meant('watch', long)).body).toMatchObject({ identity: long });
    expect((await lift(long)).status).toBe(200);
    expect((await set('watch', {}, bot, 'soar/agent/security')).status).toBe(200);
    expect((await lift(bot, {}, 'soar/agent/security')).status).toBe(403);
    expect((await lift()).status).toBe(200);
    await set('watch', {}, 'corp:security');
    expect((await lift('corp:security')).status).toBe(403);
    expect((await lift('corp:security', {}, 'ben/person/security')).status).toBe(200);
  });

  it('are of somebody who was heard of, unless it is meant ahead of a first session', async () => {
    const misspelt = await set('blocked', {}, 'corp:bto');
    expect(misspelt).toMatchObject({ status: 404, body: { detail: 'the record has nothing of corp:bto' } });
    expect((misspelt.body as { hint: string }).hint).toContain('--unseen');
    expect(await standing()).toEqual([]);
    expect((await meant('blocked', 'corp:new-bot')).status).toBe(200);
    expect((await set('watch', {}, 'corp:new-bot')).status).toBe(200); // it stands: known
    expect((await lift('corp:new-bot')).status).toBe(200);
    for (const known of ['corp:seen-bot', 'corp:its-owner'])
      expect((await set('watch', {}, known)).status).toBe(404);
    await log.append(topics.session, [began('corp:seen-bot', 'corp:its-owner')]); // not in the store yet
    for (const known of ['corp:seen-bot', 'corp:its-owner', 'corp:ben']) {
      expect((await set('watch', {}, known)).status).toBe(200);
      expect((await lift(known, {}, 'eve/person/security')).status).toBe(200);
    }
  });

  it('are made milder by another person only; stricter, or set where none stands, by oneself too', async () => {
    const own = 'corp:security';
    expect((await set('approve', {}, own)).status).toBe(200);
    expect((await set('blocked', {}, own)).status).toBe(200);
    expect((await set('watch', {}, own)).status).toBe(403);
    expect((await set('watch', {}, own, 'soar/agent/security')).status).toBe(403);
    expect(await standing()).toMatchObject([{ level: 'blocked' }]);
    expect((await set('watch', {}, own, 'ben/person/security')).status).toBe(200);
    expect((await lift(own, {}, 'ben/person/security')).status).toBe(200);
  });

  it('of an agent are not for the person in whose name it acts to lift, nor to make milder', async () => {
    const agent = 'corp:other'; // f4 says in whose name
    expect((await set('blocked', {}, agent)).status).toBe(200);
    expect((await set('watch', {}, agent)).status).toBe(403);
    expect((await lift(agent)).status).toBe(403);
    expect((await lift(agent, {}, 'ben/person/security')).status).toBe(200);
    expect((await lift(agent)).status).toBe(404);
  });

  it('of an agent without findings neither: whose it is, its sessions say', async () => {
    const agent = 'corp:mine';
    const mallory = 'Mallory/person/security';
    const monthsAgo = new ManualClock(Date.now() - 100 * 24 * hour);
    await log.append(topics.session, [began(agent, 'corp:mallory', 'ses_mine', monthsAgo)]);
    await log.append(topics.session, [began(agent, 'corp:tom', 'ses_tom')]);
    expect((await set('approve', {}, agent, mallory)).status).toBe(200);
    expect((await set('blocked', {}, agent, mallory)).status).toBe(200);
    for (const who of [mallory, 'tom/person/security']) {
      expect(await set('watch', {}, agent, who)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
      expect((await lift(agent, {}, who)).status).toBe(403);
    }
    expect(await standing()).toMatchObject([{ identity: agent, level: 'blocked' }]);
    expect((await set('watch', {}, agent, 'sam/person/security')).status).toBe(200);
    const key = { 'idempotency-key': 'l-mine' };
    expect((await lift(agent, key, 'sam/person/security')).status).toBe(200);
    expect((await lift(agent, key, 'sam/person/security')).status).toBe(200);
    await set('blocked', {}, 'corp:tom');
    expect((await lift('corp:tom', {}, mallory)).status).toBe(200);
  });

  it('have their history', async () => {
    await append(
      raised('q1', { from: start, identity: 'corp:q', quarantine: 'blocked' }),
      under('corp:q', { ...ruled('approve', 'q0') }),
      triaged('q1', 'false_alarm', 'corp:q'),
      quarantined('approve', 'odd', 'corp:q'),
      lifted('corp:q'),
    );
    const { body } = await call(
      'POST',
      '/sql',
      {
        query:
          "SELECT action, level, by, finding_id FROM quarantines WHERE identity = 'corp:q' ORDER BY logged_at, event_id",
      },
      {},
      'auditors',
    );
    const { rows } = body as { rows: string[][] };
    expect(rows.toSorted()).toEqual([
      ['lifted', '', 'corp:sec', ''],
      ['lifted', '', 'corp:sec', 'q1'],
      ['set', 'approve', 'corp:sec', ''],
      ['set', 'blocked', 'rule bulk-read', 'q1'],
    ]);
  });
});

/** The fold is forgetful and fast, the view for ever and in SQL: what they say must be the same. */
it('the view says of whatever came what the fold says', async () => {
  const dice = new Dice(4711);
  const identities = ['corp:r0', 'corp:r1', 'corp:r2'];
  const events = Array.from({ length: 300 }, (): Envelope => {
    const identity = dice.one(identities);
    const id = `r${dice.below(60)}-${identity}`;
    const from = start - dice.below(240) * hour;
    const severity = dice.one(['low', 'high', 'critical']);
    const event = dice.one([
      () => raised(id, { identity, from, hours: 1 + dice.below(5), severity }),
      () => triaged(id, dice.one(['open', 'acknowledged', 'false_alarm', 'forgiven']), identity),
      () => quarantined('watch', 'odd', identity),
      () => lifted(identity),
    ])();
    return dice.below(10) === 0 ? under(dice.one(identities), event) : event;
  });
  await append(...events);
  const { book } = app.get(FindingFold);
  let compared = 0;
  for (const identity of identities) {
    const stored = (await page(`?identity=${identity}&limit=500`)).findings;
    const folded = book.incidents(identity).flatMap(({ id: incident, findings }) =>
      findings.map(({ id, state, title, severity, windowStart, windowEnd }) => ({
        ...{ id, state, title, severity, incident, windowStart, windowEnd },
      })),
    );
    const seen = stored.map(({ id, state, title, severity, incident, windowStart, windowEnd }) => ({
      ...{ id, state, title, severity, incident },
      ...{ windowStart: Date.parse(windowStart), windowEnd: Date.parse(windowEnd) },
    }));
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    expect(seen.toSorted(byId)).toEqual(folded.toSorted(byId));
    compared += seen.length;
  }
  expect(compared).toBeGreaterThan(40);
});

/** The last one: the store stays behind. */
it('where nobody can tell whose an agent is, nothing is made milder, and all can be made stricter', async () => {
  const agent = 'corp:unclear';
  const set = (level: string, who = 'sam/person/security') =>
    call('POST', quarantineOf(agent), { level, reason: 'odd', unseen: true }, {}, who);
  const lift = () =>
    call('DELETE', quarantineOf(agent), { reason: 'sorted out' }, {}, 'mallory/person/security');
  expect((await set('approve')).status).toBe(200);
  const away = vi
    .spyOn(app.get<ClickHouseClient>(AUDIT_READER), 'query')
    .mockRejectedValue(new Error('away'));
  expect((await set('watch', 'mallory/person/security')).status).toBe(503);
  expect((await lift()).status).toBe(503);
  expect((await set('nothing_sensitive')).status).toBe(200);
  away.mockRestore();
  await app.get(IngestService).onModuleDestroy();
  await log.append(topics.session, [began(agent, 'corp:mallory', 'ses_unclear')]);
  at = '';
  const [refused, said] = await Promise.all([lift(), ack('f1', 'false_alarm', {}, 'ben/person/security')]);
  expect(said.status).toBe(503);
  expect(refused).toMatchObject({ status: 503, body: { code: 'LOG_UNAVAILABLE' } });
  expect((refused.body as { hint: string }).hint).toContain('Try again');
  expect((await set('blocked')).status).toBe(200);
  expect(app.get(FindingFold).book.quarantineOf(agent)?.level).toBe('blocked');
});
