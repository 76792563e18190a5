import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { deadLetterRow, rowLine, SessionBook } from '#audit-rows';
import type { InsertRow } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import {
  ApprovalRequestedSchema,
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
import { ManualClock } from '#kernel';
import { controlBatch, cutByDay, sessionBatch, tokenOf } from './event.batch.js';

const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
const origin = { source: 'proxy/x', subject: 'ses_1', clock };

function logged(envelope: Envelope, offset: number, seq?: number): LoggedEvent {
  if (seq !== undefined)
    envelope.link = create(LinkSchema, { seq: BigInt(seq), hash: Buffer.alloc(32, 0xab) });
  const position = { topic: topics.session, partition: 0, offset };
  return { position, appendedAt: clock.now(), envelope, raw: encodeEnvelope(envelope) };
}

const started = () =>
  newEvent(
    SessionStartedSchema,
    {
      sessionId: 'ses_1',
      principal: { id: 'corp:bot', kind: 'agent', onBehalfOf: 'corp:ana' },
      connection: 'orders',
    },
    origin,
  );
const received = () =>
  newEvent(
    StatementReceivedSchema,
    {
      statementId: 'stm_1',
      text: 'select 1',
      textHash: Buffer.from('0aff', 'hex'),
      reads: [{ schema: 'public', name: 't' }, { name: 'bare' }],
      columns: [{ schema: 'public', table: 't', column: 'c' }],
      parameters: [{ value: 'x' }, { null: true }],
      maxRows: 18446744073709551615n,
    },
    origin,
  );
const rows = (lines: readonly InsertRow[]) =>
  lines.map((line) => JSON.parse(typeof line === 'string' ? line : rowLine(line)) as Record<string, unknown>);

describe('sessionBatch', () => {
  it('gives an event its typed columns, its payload and its exact bytes', () => {
    const event = logged(received(), 7, 1);
    const [row] = rows(sessionBatch([event], new SessionBook()).rows);
    expect(row).toMatchObject({
      topic: 'weir.session.v1',
      offset: '7',
      raw_base64: Buffer.from(event.raw).toString('base64'),
      type: 'StatementReceived',
      time: '2026-01-02 03:04:05.678000',
      logged_at: '2026-01-02 03:04:05.678',
      session_id: 'ses_1',
      seq: '1',
      hash: 'ab'.repeat(32),
      text_hash: '0aff',
      tables_read: ['public.t', 'bare'],
      columns: ['public.t.c'],
      parameters: ['x', null],
      max_rows: '18446744073709551615',
    });
    expect(JSON.parse(row?.['payload'] as string)).toMatchObject({ statementId: 'stm_1', text: 'select 1' });
  });

  it('puts who and where on every row of the session', () => {
    const batch = sessionBatch([logged(started(), 0, 1), logged(received(), 1, 2)], new SessionBook());
    for (const row of rows(batch.rows))
      expect(row).toMatchObject({ identity: 'corp:bot', on_behalf_of: 'corp:ana', connection: 'orders' });
  });

  it('drops what is not above the high-water mark of its own session', () => {
    const book = new SessionBook();
    const other = newEvent(StatementReceivedSchema, {}, { ...origin, subject: 'ses_2' });
    const events = [
      logged(started(), 0, 1),
      logged(received(), 1, 2),
      logged(received(), 2, 2),
      logged(started(), 3, 1),
    ];
    const batch = sessionBatch([...events, logged(other, 4, 1)], book);
    expect(batch).toMatchObject({ duplicates: 2, deadLetters: [] });
    expect(batch.events.map(({ position }) => position.offset)).toEqual([0, 1, 4]);
    expect(sessionBatch(events, book)).toMatchObject({ duplicates: 4, rows: [] });
  });

  it('sets poison aside with its reason and goes on', () => {
    const unknown = { ...received(), type: 'weir.events.v1.Nonsense' };
    const torn = { ...received(), data: Buffer.from('ff', 'hex') };
    const late = { ...received(), timeUs: 1n << 62n };
    const bytes: LoggedEvent = {
      ...logged(received(), 5),
      get envelope(): Envelope {
        throw new Error('invalid wire type');
      },
      raw: Buffer.from('junk'),
    };
    const events = [
      logged(unknown, 0, 1),
      logged(torn, 1, 2),
      logged(late, 2, 3),
      logged(received(), 3),
      bytes,
    ];
    const batch = sessionBatch([...events, logged(received(), 6, 4)], new SessionBook());
    expect(batch.rows).toHaveLength(1);
    expect(
      rows(batch.deadLetters.map(({ event, reason }) => rowLine([deadLetterRow(event, reason)]))).map(
        ({ offset, seq, reason }) => [offset, seq, reason],
      ),
    ).toEqual([
      ['0', '1', 'unknown type weir.events.v1.Nonsense'],
      ['1', '2', expect.any(String)],
      ['2', '3', `time_us ${1n << 62n} is out of range`],
      ['3', '0', 'a session event without its place in the session'],
      ['5', '0', 'the envelope does not decode'],
    ]);
  });

  it('sets aside what has no place in a session, and its session goes on', () => {
    const hash = Buffer.alloc(32, 0xab);
    const links = [
      { seq: 2n ** 64n - 1n, hash },
      { seq: 1n, hash: Buffer.alloc(9000) },
      { seq: 1n, hash },
    ];
    const wrong = links.map((link, i) => ({
      ...received(),
      ...{ link: create(LinkSchema, link), id: 'i'.repeat(i === 2 ? 9000 : 1) },
    }));
    const batch = sessionBatch(
      [...wrong.map((each, i) => logged(each, i)), logged(received(), 3, 1)],
      new SessionBook(),
    );
    expect(rows(batch.rows)).toMatchObject([{ offset: '3', seq: '1' }]);
    const letters = batch.deadLetters.map(({ event, reason }) => rowLine([deadLetterRow(event, reason)]));
    const nowhere = { session_id: '', seq: '0' };
    expect(rows(letters)).toMatchObject([
      { ...nowhere, reason: 'a session event of a seq that no session comes to' },
      { ...nowhere, reason: 'a session event with more than a hash, or a salt, where one stands' },
      { ...nowhere, reason: 'a session event whose id, type or session is too long' },
    ]);
  });

  it('reads recorded results into rows, by the formats that stood on the first chunk', () => {
    const frames = Buffer.from('44000000' + '0e' + '0001' + '00000004' + '00000007', 'hex');
    const statementId = 'stm_1';
    const chunks = [
      newEvent(ResultChunkSchema, { statementId, columns: [{ name: 'a', format: 1 }], frames }, origin),
      newEvent(ResultChunkSchema, { statementId, index: 1, frames }, origin),
      newEvent(StatementOutcomeSchema, { statementId, result: { columns: [{ name: 'b' }], frames } }, origin),
      newEvent(ResultChunkSchema, { statementId, frames: Buffer.from('torn') }, origin),
    ];
    const batch = sessionBatch(
      chunks.map((chunk, i) => logged(chunk, i, i + 1)),
      new SessionBook(),
    );
    const payloads = rows(batch.rows).map(
      ({ payload }) => JSON.parse(payload as string) as Record<string, unknown>,
    );
    const binary = [{ values: [{ text: '\\x00000007' }] }];
    expect(payloads[0]).toMatchObject({ rows: binary });
    expect(payloads[1]).toMatchObject({ rows: binary });
    expect(payloads[2]).toMatchObject({ result: { rows: [{ values: [{ text: '\0\0\0\u0007' }] }] } });
    expect(payloads.slice(0, 3).every((payload) => !JSON.stringify(payload).includes('frames'))).toBe(true);
    expect(payloads[3]).toMatchObject({ frames: Buffer.from('torn').toString('base64') });
  });
});

describe('controlBatch', () => {
  it('names who asked and for what, and keeps what is sealed out of the payload', () => {
    const init = {
      approvalId: 'apr_1',
      statementId: 'stm_1',
      requester: { id: 'corp:bot' },
      sealed: Buffer.from('secret'),
    };
    const batch = controlBatch([logged(newEvent(ApprovalRequestedSchema, init, origin), 0)]);
    const [row] = rows(batch.rows);
    expect(row).toMatchObject({
      type: 'ApprovalRequested',
      identity: 'corp:bot',
      approval_id: 'apr_1',
      statement_id: 'stm_1',
    });
    expect(row?.['payload']).not.toContain('sealed');
  });
});

describe('cutByDay', () => {
  it("cuts where the log's day changes, whatever the writers' clocks say", () => {
    const at = (time: number, offset: number) => ({ ...logged(received(), offset), appendedAt: time });
    const midnight = Date.UTC(2026, 0, 3);
    const runs = cutByDay([at(midnight - 2, 0), at(midnight - 1, 1), at(midnight, 2), at(midnight - 1, 3)]);
    expect(runs.map((run) => run.map(({ position }) => position.offset))).toEqual([[0, 1], [2], [3]]);
    expect(cutByDay([])).toEqual([]);
  });

  it('gives each batch a token of its own', () => {
    const events = [logged(received(), 0, 1), logged(received(), 1, 2)];
    expect(tokenOf('session_event_rows', events)).not.toBe(tokenOf('session_event_rows', events.slice(0, 1)));
    expect(tokenOf('session_event_rows', events)).not.toBe(tokenOf('dead_letter_rows', events));
  });
});
