import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  ApprovalDecidedSchema,
  ApprovalExpiredSchema,
  decodeEnvelope,
  encodeEnvelope,
  genesis,
  linkEnvelope,
  LinkSchema,
  newEvent,
  payload,
  SessionEndedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  topics,
  TreeCutSchema,
  type ChainHead,
  type Envelope,
} from '#events';
import { systemClock } from '#kernel';
import { controlEventRow, rowLine, sessionEventRow, StoredRowEvent, unknownSession } from '#audit-rows';
import type { ClickHouseClient } from '#audit-store';
import { AUDIT_WRITER } from '../../services/audit/audit.tokens.js';
import { aSession, ProofStage } from './proof.stage.js';

vi.setConfig({ testTimeout: 60_000 });

let stage: ProofStage;
beforeAll(async () => {
  stage = await ProofStage.open();
});
afterAll(() => stage.close());

const anchored = ['--against', 'outside/checkpoints', '--key', 'proof/keys'];
const rows = 'weir.session_event_rows';
const at = (seq: number, session: string) => `session_id = '${session}' AND seq = ${seq}`;
const rawOf = (raw: Uint8Array) => `base64Decode('${Buffer.from(raw).toString('base64')}')`;

/** The event with another text, hash and all as they were. */
function withText(raw: Uint8Array, text: string): Uint8Array {
  const envelope = decodeEnvelope(raw);
  const message = payload(StatementReceivedSchema, envelope)!;
  envelope.data = toBinary(StatementReceivedSchema, create(StatementReceivedSchema, { ...message, text }));
  return encodeEnvelope(envelope);
}

/** What is found, without how much it was; beside it an honest session in which nothing is. */
async function found(...which: string[]): Promise<string[]> {
  const { code, out, err } = await stage.weir('verify', ...which, ...anchored);
  expect([code, err]).toEqual([1, []]);
  expect(out.at(-1)).toMatch(/\d+ found/);
  expect(await stage.weir('verify', '--session', 'ses_1', ...anchored)).toMatchObject({ code: 0, err: [] });
  return out.slice(0, -1);
}

describe('weir verify of an honest record', () => {
  it('finds nothing, before it is covered and after, and after a restart', async () => {
    await stage.append([...aSession('ses_1'), ...aSession('ses_2', { ended: false })]);
    const early = await stage.weir('verify', '--session', 'ses_1');
    expect(early).toMatchObject({ code: 0, err: [] });
    expect(early.out).toEqual([
      'keys: those that the gate names; pin them with --key',
      expect.stringMatching(/^unanchored: /),
      '1 sessions, 10 events, 0 control events: nothing found; 10 events are younger than the last checkpoint',
    ]);
    await stage.cover();
    const all = [expect.stringMatching(/^2 sessions, 19 events, \d control events: nothing found$/)];
    expect((await stage.weir('verify', ...anchored)).out).toEqual(all);
    await stage.restart();
    expect((await stage.weir('verify', ...anchored)).out).toEqual(all);
    await stage.append(aSession('ses_3'));
    await stage.cover();
    expect(await stage.weir('verify', '--since', '1h', ...anchored)).toMatchObject({ code: 0 });
  });

  it('finds nothing where the log has events twice, and some that cannot be read', async () => {
    const raw = await stage.append(aSession('ses_twice', { ended: false }));
    await stage.appendRaw([...raw.slice(4), Buffer.from('junk'), ...raw]);
    const unknown = newEvent(
      SessionEndedSchema,
      {},
      { source: 'p', subject: 'ses_twice', clock: systemClock },
    );
    unknown.type = 'weir.events.v1.FromTheFuture';
    await stage.append([unknown, ...aSession('ses_twice', { ended: false }).slice(1, 3)]);
    await stage.appendRaw(noneOfOurs('ses_twice'));
    const decided = { approvalId: 'apr_1', decision: 'approve', by: { id: 'corp:bea' } };
    const origin = { source: 'approval', subject: 'apr_1', clock: systemClock };
    await stage.appendRaw(
      Array.from({ length: 110 }, (_, i) => {
        const id = '\u0001'.repeat(190) + i;
        return encodeEnvelope(newEvent(ApprovalExpiredSchema, {}, { ...origin, id }));
      }),
      topics.approval,
    );
    const control = newEvent(ApprovalDecidedSchema, decided, origin);
    await stage.append([control, newEvent(ApprovalExpiredSchema, {}, origin), control], topics.approval);
    await stage.cover();
    const verified = await stage.weir('verify', ...anchored);
    expect(verified.out).toEqual([expect.stringContaining('nothing found')]);
    expect(verified).toMatchObject({ code: 0, err: [] });
  });

  it('refuses what it does not understand', async () => {
    expect(await stage.weir('verify', '--session', 'ses_none')).toMatchObject({ code: 4 });
    expect(await stage.weir('verify', '--since', 'soon')).toMatchObject({ code: 2 });
    expect(await stage.weir('verify', '--since', '1h', '--session', 'ses_1')).toMatchObject({ code: 2 });
    expect(await stage.weir('verify', '--against', 'no/such')).toMatchObject({ code: 2 });
    expect(await stage.weir('verify', '--key', 'weir.yaml')).toMatchObject({ code: 2 });
  });
});

/** What somebody with the right to write to the log can put there. */
function noneOfOurs(subject: string): Uint8Array[] {
  const hash = Buffer.alloc(32, 1);
  const links = [
    { seq: 2n ** 64n - 1n, hash },
    { seq: 99n, hash: Buffer.alloc(40_000) },
    { seq: 99n, hash },
  ];
  return links.map((link, i) => {
    const id = 'i'.repeat(i === 2 ? 9000 : 1);
    const event = newEvent(SessionEndedSchema, {}, { source: 'x', subject, clock: systemClock, id });
    event.link = create(LinkSchema, { prev: hash, salt: Buffer.alloc(16), ...link });
    return encodeEnvelope(event);
  });
}

describe('weir verify', () => {
  it('finds a changed text, in the bytes and in the column', async () => {
    const raw = await stage.append(aSession('ses_text'));
    const other = withText(raw[1]!, 'select 1');
    const change = `raw = ${rawOf(other)}, text = 'select 1'`;
    await stage.tamper(`ALTER TABLE ${rows} UPDATE ${change} WHERE ${at(2, 'ses_text')}`);
    await expect(found('--session', 'ses_text')).resolves.toEqual([
      'changed text: session ses_text seq 2: its bytes are not those of its hash',
    ]);
  });

  it.each([
    ['text', "'select 1'", '"select 1"'],
    ['decision', "'deny'", '"deny"'],
    ['max_rows', '7', '"7"'],
    ['parameters', "['8', NULL]", '["8",null]'],
    ['tables_read', '[]', '[]'],
    ['identity', "'corp:other'", '"corp:other"'],
    ['payload', "'{}'", '"{}"'],
    ['hash', "''", '""'],
    ['time', "toDateTime64('2026-01-01', 6, 'UTC')", '"2026-01-01 00:00:00.000000"'],
  ])('finds a changed column %s', async (column, value, said) => {
    const id = `ses_column_${column}`;
    await stage.append(aSession(id));
    await stage.tamper(`ALTER TABLE ${rows} UPDATE ${column} = ${value} WHERE ${at(2, id)}`);
    const [only, ...rest] = await found('--session', id);
    expect(rest).toEqual([]);
    expect(only).toContain(`changed column ${column}: session ${id} seq 2: it says ${said}, its event `);
  });

  it.each([
    ['rows = 3', 'changed column rows: session ses_sum summary: it says "3", its event "2"'],
    [
      "touched = ['allow public.other']",
      'changed column touched: session ses_sum summary: it says ["allow public.other"]',
    ],
  ])('finds a changed summary: %s', async (change, said) => {
    if ((await stage.weir('verify', '--session', 'ses_sum')).code === 4)
      await stage.append(aSession('ses_sum'));
    const table = 'weir.session_summary_rows';
    await stage.tamper(`CREATE TABLE IF NOT EXISTS weir.kept AS ${table}`);
    await stage.tamper(`INSERT INTO weir.kept SELECT * FROM ${table} WHERE session_id = 'ses_sum'`);
    await stage.tamper(`ALTER TABLE ${table} UPDATE ${change} WHERE session_id = 'ses_sum'`);
    expect((await found('--session', 'ses_sum'))[0]).toContain(said);
    await stage.tamper(`ALTER TABLE ${table} DELETE WHERE session_id = 'ses_sum'`);
    await stage.tamper(`INSERT INTO ${table} SELECT * FROM weir.kept`);
    await stage.tamper('DROP TABLE weir.kept');
    expect(await stage.weir('verify', '--session', 'ses_sum')).toMatchObject({ code: 0 });
  });

  it.each([
    [
      ...(['statements', 'max(e.approval_id)', "''"] as const),
      'changed column approval_id: session ses_view_statements statement stm_ses_view_statements_2: it says "", its event "apr_1"',
    ],
    [
      ...(['sessions', 'statements, denied,', 'statements, 0 AS denied,'] as const),
      'changed column denied: session ses_view_sessions in weir.sessions: it says "0", its event "1"',
    ],
  ])('finds a view %s that says something else than its events', async (name, of, instead, said) => {
    const id = `ses_view_${name}`;
    await stage.append(aSession(id));
    const [view] = await stage.rows<{ as_select: string }>(
      `SELECT as_select FROM system.tables WHERE database = 'weir' AND name = '${name}'`,
    );
    const lie = view!.as_select.replace(/\s+/g, ' ').replace(of, instead);
    expect(lie).toContain(instead);
    const asReader = 'DEFINER = CURRENT_USER SQL SECURITY DEFINER AS';
    await stage.tamper(`CREATE OR REPLACE VIEW weir.${name} ${asReader} ${lie}`);
    const lines = (await stage.weir('verify', '--session', id)).out;
    await stage.tamper(`CREATE OR REPLACE VIEW weir.${name} ${asReader} ${view!.as_select}`);
    expect(lines).toContain(said);
    expect(await stage.weir('verify', '--session', id)).toMatchObject({ code: 0 });
  });

  it.each([4, 1])('finds a deleted row, seq %i', async (seq) => {
    const id = `ses_deleted_${seq}`;
    await stage.append(aSession(id));
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE ${at(seq, id)}`);
    await expect(found('--session', id)).resolves.toEqual([
      `deleted row: session ${id} seq ${seq}: it is not in the store`,
    ]);
  });

  it.each([2, 8])('finds a swapped pair, seq 6 and %i', async (seq) => {
    const id = `ses_swapped_${seq}`;
    const raw = await stage.append(aSession(id));
    const swapped = `multiIf(seq = ${seq}, ${rawOf(raw[5]!)}, seq = 6, ${rawOf(raw[seq - 1]!)}, raw)`;
    await stage.tamper(`ALTER TABLE ${rows} UPDATE raw = ${swapped} WHERE session_id = '${id}'`);
    const [a, b] = [Math.min(seq, 6), Math.max(seq, 6)];
    await expect(found('--session', id)).resolves.toEqual([
      `swapped: session ${id} seq ${a}: seq ${a} and seq ${b} hold each other's event`,
    ]);
  });

  it('finds the truncated tail of a session, and one that is gone as a whole', async () => {
    await stage.append([...aSession('ses_tail'), ...aSession('ses_gone')]);
    await stage.cover();
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id = 'ses_tail' AND seq > 7`);
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id = 'ses_gone'`);
    await expect(found('--session', 'ses_tail')).resolves.toEqual([
      'truncated tail: session ses_tail seq 8 to 10: the tree has events up to seq 10, the store up to 7',
    ]);
    const gone =
      'truncated tail: session ses_gone seq 1 to 10: the tree has events up to seq 10, the store up to 0';
    await expect(found('--session', 'ses_gone')).resolves.toEqual([gone]);
    await expect(found()).resolves.toContain(gone);
  });

  it('finds a chain that was hashed anew from the changed text on', async () => {
    const raw = await stage.append(aSession('ses_anew'));
    await stage.cover();
    let head: ChainHead = genesis;
    const updates = raw.map((bytes, i) => {
      const envelope = decodeEnvelope(i === 1 ? withText(bytes, 'select 1') : bytes);
      head = linkEnvelope(envelope, head);
      return [i + 1, encodeEnvelope(envelope), Buffer.from(head.hash).toString('hex')] as const;
    });
    const pick = (of: (update: (typeof updates)[number]) => string) =>
      `multiIf(${updates.map((each) => `seq = ${each[0]}, ${of(each)}`).join(', ')}, '')`;
    const changes = `raw = ${pick((each) => rawOf(each[1]))}, hash = ${pick((each) => `'${each[2]}'`)}`;
    await stage.tamper(`ALTER TABLE ${rows} UPDATE ${changes} WHERE session_id = 'ses_anew'`);
    const text = "text = 'select 1', payload = replace(payload, 'select email from customers', 'select 1')";
    await stage.tamper(`ALTER TABLE ${rows} UPDATE ${text} WHERE ${at(2, 'ses_anew')}`);
    await expect(found('--session', 'ses_anew')).resolves.toEqual([
      "changed text: session ses_anew seq 1 to 10: the chain's hash after seq 10 is not the one in the tree",
    ]);
  });

  it('finds rows that the log never had', async () => {
    await stage.append(aSession('ses_added', { ended: false }));
    const last = decodeEnvelope((await stage.append(aSession('ses_other')))[9]!);
    await stage.cover();
    const [row] = await stage.rows<{ hash: string }>(`SELECT hash FROM ${rows} WHERE ${at(9, 'ses_added')}`);
    last.subject = 'ses_added';
    linkEnvelope(last, { seq: 9, hash: Buffer.from(row!.hash, 'hex') });
    await stage.tamper(
      `INSERT INTO ${rows} (topic, partition, offset, raw_base64, logged_at, event_id, type, source, time, session_id,
         seq, hash, identity, identity_kind, on_behalf_of, connection, protocol, end_reason, bytes_in, payload)
       SELECT topic, partition, offset, '${Buffer.from(encodeEnvelope(last)).toString('base64')}', logged_at, event_id,
         type, source, time, 'ses_added', seq, '${Buffer.from(last.link!.hash).toString('hex')}', identity, identity_kind,
         on_behalf_of, connection, protocol, end_reason, bytes_in, payload FROM ${rows} WHERE ${at(10, 'ses_other')}`,
    );
    await stage.tamper(
      `INSERT INTO weir.session_summary_rows SELECT * REPLACE ('ses_added' AS session_id)
       FROM weir.session_summary_rows FINAL WHERE session_id = 'ses_other'`,
    );
    await expect(found('--session', 'ses_added')).resolves.toEqual([
      'added row: session ses_added seq 10: the tree goes past its place in the log and does not have it',
    ]);
  });

  it('finds what was done to events that are no session’s', async () => {
    const origin = { source: 'approval', subject: 'apr_9', clock: systemClock };
    const decided = ['corp:ana', 'corp:bea', 'corp:eve'].map((id) =>
      newEvent(ApprovalDecidedSchema, { approvalId: 'apr_9', decision: 'deny', by: { id } }, origin),
    );
    const before = (await stage.log.end(topics.approval))[0]!.offset;
    const raw = await stage.append(decided, topics.approval);
    await stage.cover();
    const of = (n: number) => `topic = '${topics.approval}' AND offset = ${before + n}`;
    const table = 'weir.control_event_rows';
    await stage.tamper(`ALTER TABLE ${table} UPDATE decision = 'approve' WHERE ${of(1)}`);
    await stage.tamper(`ALTER TABLE ${table} UPDATE raw = ${rawOf(raw[0]!)} WHERE ${of(2)}`);
    await stage.tamper(`ALTER TABLE ${table} DELETE WHERE ${of(3)}`);
    const lines = await found();
    const where = (n: number) => `${topics.approval}/0 offset ${before + n}`;
    expect(lines).toEqual(
      expect.arrayContaining([
        `changed column decision: ${where(1)}: it says "approve", its event "deny"`,
        `changed text: ${where(2)}: its bytes are not those of its hash in the tree`,
        `deleted row: ${where(3)}: it is not in the store`,
      ]),
    );
  });

  it('finds a control event that was put among what could not be read', async () => {
    const origin = { source: 'approval', subject: 'apr_h', clock: systemClock };
    const unread = newEvent(ApprovalExpiredSchema, {}, origin);
    unread.type = 'weir.events.v1.FromTheFuture';
    const hidden = newEvent(ApprovalDecidedSchema, { approvalId: 'apr_h', decision: 'deny' }, origin);
    await stage.append([unread, hidden], topics.approval);
    await stage.cover();
    const before = await everything();
    const table = 'weir.control_event_rows';
    const [row] = await stage.rows<{ offset: string }>(
      `SELECT toString(offset) AS offset FROM ${table} WHERE event_id = '${hidden.id}'`,
    );
    await stage.tamper(
      `INSERT INTO weir.dead_letter_rows (topic, partition, offset, raw_base64, logged_at, event_id, type, reason)
       SELECT topic, partition, offset, base64Encode(raw), logged_at, event_id, type, 'x' FROM ${table}
       WHERE event_id = '${hidden.id}'`,
    );
    await stage.tamper(`ALTER TABLE ${table} DELETE WHERE event_id = '${hidden.id}'`);
    expect(added(await everything(), before)).toEqual([
      `deleted row: ${topics.approval}/0 offset ${row!.offset}: it lies among what could not be read, and can be read`,
    ]);
  });

  it('finds what is put beside the cuts of the trees, where no tree has it', async () => {
    await stage.append(aSession('ses_cut'));
    await stage.cover();
    const before = await everything();
    const origin = { source: 'approval', subject: 'apr_b', clock: systemClock };
    const boss = { approvalId: 'apr_b', decision: 'approve', by: { id: 'corp:boss', kind: 'person' } };
    const cut = { topic: topics.approval, partition: 0, after: 1_000_000n, through: 1_000_001n };
    await insertControl(newEvent(ApprovalDecidedSchema, boss, origin), 900_000);
    await insertControl(newEvent(TreeCutSchema, cut, origin), 900_001);
    expect(added(await everything(), before)).toEqual([
      `added row: ${topics.proof}/0 offset 900000: this topic says how trees are cut, and nothing else`,
      `added row: ${topics.proof}/0 offset 900001: no batch of ${topics.approval}/0 ended at 1000000`,
    ]);
  });

  it('finds a session in a partition that the log has no tree of, once it is not young', async () => {
    const fabricated = (id: string, when: number, extra: Place = {}) =>
      insertSession(aSession(id, { clock: { now: () => when } }), when, { partition: 4242, ...extra });
    await fabricated('ses_young', Date.now());
    expect((await stage.weir('verify', '--session', 'ses_young')).out.at(-1)).toContain(
      'nothing found; 10 events are younger',
    );
    const why = 'the log has no tree weir.session.v1/4242';
    for (const [id, when] of [
      ['ses_4242', Date.now() - 86_400_000],
      ['ses_tocome', Date.now() + 86_400_000],
    ] as const) {
      await fabricated(id, when);
      await expect(found('--session', id)).resolves.toEqual([`uncovered: session ${id} seq 1 to 10: ${why}`]);
    }
  });

  it('reads what says that it came in days to come, what has no id, and a summary of nothing', async () => {
    await stage.cover();
    const before = await everything();
    const day = Date.now() - 86_400_000;
    const clock = { now: () => day };
    await insertSession(aSession('ses_2100', { clock }), day, { ingested_at: '2100-01-01 00:00:00.000' });
    await insertSession(aSession('', { clock }), day, {});
    await insertSession(aSession('no id at all', { clock }), day, {});
    await insertSession(aSession('ses_shadow', { clock }), day, {});
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id = 'ses_shadow'`);
    const passed = 'the tree goes past its place in the log and does not have it';
    expect(added(await everything(), before).sort()).toEqual([
      `added row: session  seq 1 to 10: ${passed}`,
      `added row: session no id at all seq 1 to 10: ${passed}`,
      `added row: session ses_2100 seq 1 to 10: ${passed}`,
      'added row: session ses_shadow summary: no event is of it',
    ]);
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id IN ('ses_2100', '', 'no id at all')`);
    await stage.tamper(
      `ALTER TABLE weir.session_summary_rows DELETE WHERE session_id IN ('ses_2100', '', 'no id at all', 'ses_shadow')`,
    );
    expect(added(await everything(), before)).toEqual([]);
  });

  it('finds an event after the end of a session, and one that claims another partition', async () => {
    await stage.append([...aSession('ses_after'), ...aSession('ses_moved', { ended: false })]);
    await stage.cover();
    const outcome = (id: string) =>
      newEvent(
        StatementOutcomeSchema,
        { statementId: `stm_${id}_1`, status: 'denied' },
        { source: 'proxy/test', subject: id, clock: systemClock },
      );
    for (const [id, seq] of [
      ['ses_after', 11],
      ['ses_moved', 10],
    ] as const) {
      const [last] = await stage.rows<{ hash: string }>(`SELECT hash FROM ${rows} WHERE ${at(seq - 1, id)}`);
      const head = { seq: seq - 1, hash: Buffer.from(last!.hash, 'hex') };
      const place = { partition: 4242, offset: 5_000 };
      await insertSession([...aSession(id).slice(0, seq - 1), outcome(id)], Date.now(), place, head);
    }
    const elsewhere = 'it says weir.session.v1/4242, the session is in weir.session.v1/0';
    expect(await found('--session', 'ses_after')).toEqual(
      expect.arrayContaining([
        'added row: session ses_after seq 11: the session had ended with seq 10',
        `changed column partition: session ses_after seq 11: ${elsewhere}`,
      ]),
    );
    expect(await found('--session', 'ses_moved')).toContain(
      `changed column partition: session ses_moved seq 10: ${elsewhere}`,
    );
  });
});

/** All that is found, of whatever was changed so far. */
const everything = async () => (await stage.weir('verify', ...anchored)).out.slice(0, -1);
const added = (now: readonly string[], before: readonly string[]) =>
  now.filter((line) => !before.includes(line));

interface Place {
  readonly partition?: number;
  readonly offset?: number;
}

/** Straight into the store, as whoever has its folder can. */
async function insertControl(event: Envelope, offset: number): Promise<void> {
  const place = { topic: topics.proof, partition: 0, offset };
  const row = controlEventRow(new StoredRowEvent(place, Date.now() - 86_400_000, encodeEnvelope(event)));
  await insert('control_event_rows', JSON.parse(rowLine(row)) as object);
}

/** Its summary, too. With a `head`, only the last event: those before it are there. */
async function insertSession(
  events: readonly Envelope[],
  loggedAt: number,
  { partition = 0, offset = 0, ...columns }: Place & Record<string, unknown>,
  head?: ChainHead,
): Promise<void> {
  const entry = unknownSession();
  let chain: ChainHead = genesis;
  const lines = events.map((event, i) => {
    const isLast = i === events.length - 1;
    chain = linkEnvelope(event, head && isLast ? head : chain);
    const place = { topic: topics.session, partition, offset: offset + i };
    const row = sessionEventRow(
      new StoredRowEvent(place, loggedAt, encodeEnvelope(event)),
      event.link!,
      entry,
    );
    return { ...(JSON.parse(rowLine(row)) as object), ...columns };
  });
  for (const line of head ? lines.slice(-1) : lines) await insert('session_event_rows', line);
  const [{ subject }] = events as [Envelope];
  const names = await stage.rows<{ name: string }>(
    `SELECT name FROM system.columns WHERE database = 'weir' AND table = 'session_summary_source'`,
  );
  const list = names.map(({ name }) => name).join(', ');
  await stage.tamper(
    `INSERT INTO weir.session_summary_rows (${list}) SELECT ${list} FROM weir.session_summary_source
     WHERE session_id = '${subject}'`,
  );
}

async function insert(table: string, row: object): Promise<void> {
  const client = stage.get<ClickHouseClient>(AUDIT_WRITER);
  await client.insert({
    table: `weir.${table}`,
    values: [row],
    format: 'JSONEachRow',
    columns: Object.keys(row) as [string, ...string[]],
  });
}
