import { describe, expect, it } from 'vitest';
import {
  linkEnvelope,
  encodeEnvelope,
  genesis,
  newEvent,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementReceivedSchema,
  type ChainHead,
  type Envelope,
} from '#events';
import { ManualClock } from '#kernel';
import type { Coverage } from './coverage.js';
import { checkSession } from './session.check.js';
import { checkChain, type Covered } from './session.chain.js';
import type { SessionRecord, StoredRow } from './stored.rows.js';

const origin = { source: 'proxy/1', subject: 'ses_1', clock: new ManualClock() };

/** A session as it was recorded, and what the tree says of it. */
function recorded(statements: number): { events: Envelope[]; covered: Covered[] } {
  const events = [
    newEvent(SessionStartedSchema, { sessionId: 'ses_1' }, origin),
    ...Array.from({ length: statements }, (_, i) =>
      newEvent(
        StatementReceivedSchema,
        { statementId: `stm_${i}`, text: 'select secret', decision: 'deny' },
        origin,
      ),
    ),
    newEvent(SessionEndedSchema, { reason: 'terminated' }, origin),
  ];
  let head: ChainHead = genesis;
  for (const event of events) head = linkEnvelope(event, head);
  return { events, covered: [{ from: 1, to: head.seq, head: Buffer.from(head.hash).toString('hex') }] };
}

const rowOf = (event: Envelope, own: StoredRow = {}): StoredRow => ({
  topic: 'weir.session.v1',
  partition: 0,
  offset: '0',
  logged_at: '2026-01-01 00:00:00.000',
  seq: String(event.link?.seq),
  raw: Buffer.from(encodeEnvelope(event)).toString('base64'),
  ...own,
});

const coverage = (covered: readonly Covered[]): Coverage => ({
  ofSession: () => covered,
  sessions: () => ['ses_1'],
  objection: () => ({ kind: 'added row', why: 'no tree has it' }),
  isDue: () => true,
});

const empty: SessionRecord = {
  ...{
    session: 'ses_1',
    events: [],
    deadLetters: [],
    expired: [],
    statements: [],
    summary: undefined,
    view: undefined,
  },
};

/** What is wrong with bytes and places; columns are another matter. */
function found(
  events: readonly StoredRow[],
  covered: readonly Covered[],
  deadLetters: readonly StoredRow[] = [],
) {
  const record = { ...empty, events, deadLetters };
  const { findings } = checkSession(record, coverage(covered));
  return findings
    .filter(({ kind, where }) => !kind.startsWith('changed column') && /seq \d/.test(where))
    .map(({ kind, where }) => `${kind}: ${where.replace('session ses_1 ', '')}`);
}

describe("a session's rows", () => {
  it('as they were recorded', () => {
    const { events, covered } = recorded(2);
    expect(
      found(
        events.map((event) => rowOf(event)),
        covered,
      ),
    ).toEqual([]);
  });

  it('in which bytes went from what was said into the salt before it: the hash is the same', () => {
    const { events, covered } = recorded(2);
    const { link, data } = events[1]!;
    // Without its first two fields it is an event like any other, one without a text.
    const cut = Buffer.from(data).indexOf('select secret') + 'select secret'.length;
    link!.salt = Buffer.concat([link!.salt, data.subarray(0, cut)]);
    events[1]!.data = data.subarray(cut);
    expect(
      found(
        events.map((event) => rowOf(event)),
        covered,
      ),
    ).toEqual(['changed text: seq 2']);
  });

  it('that are very many', { timeout: 90_000 }, () => {
    const { events, covered } = recorded(130_000);
    const record = { ...empty, events: events.map((event) => rowOf(event)) };
    expect(checkChain(record, covered).findings).toEqual([]);
  });

  it.each(['9007199254740991', '18446744073709551615'])('of which one claims to be the last of %s', (seq) => {
    const { events, covered } = recorded(1);
    const rows = events.map((event) => rowOf(event));
    const junk = { ...rows[1]!, seq };
    expect(found([...rows, junk], covered)[0]).toMatch(/^swapped: seq \d+$/);
  });

  it('of which no hash can be made', () => {
    const { events, covered } = recorded(1);
    const [first, second, last] = events.map((event) => rowOf(event));
    const long = { ...events[1]!, id: 'i'.repeat(9000) };
    expect(found([first!, rowOf(long), last!], covered)).toEqual(['changed text: seq 2']);
    const far = { ...events[1]!, link: { ...events[1]!.link!, seq: 2n ** 64n - 1n } };
    expect(found([first!, second!, last!, rowOf(far)], covered)).toContain(
      'changed text: seq 18446744073709552000',
    );
    const salted = { ...events[1]!, link: { ...events[1]!.link!, salt: new Uint8Array(9000) } };
    expect(found([first!, rowOf(salted), last!], covered)).toEqual(['changed text: seq 2']);
  });

  it('of which one was put among what could not be read, where it hides from every table', () => {
    const { events, covered } = recorded(2);
    const rows = events.map((event) => rowOf(event));
    const [hidden] = rows.splice(1, 1);
    expect(found(rows, covered, [hidden!])).toEqual(['deleted row: seq 2']);
  });

  it('beside something that could not be read, of which the chain knows', () => {
    const { events, covered } = recorded(2);
    events[1]!.type = 'weir.events.v1.FromTheFuture';
    let head: ChainHead = genesis;
    for (const event of events) head = linkEnvelope(event, head);
    const anew = [{ ...covered[0]!, head: Buffer.from(head.hash).toString('hex') }];
    const rows = events.map((event) => rowOf(event));
    const [unread] = rows.splice(1, 1);
    expect(found(rows, anew, [unread!])).toEqual([]);
  });

  it('beside something unreadable that is none of the session: it would explain what is missing', () => {
    const { events, covered } = recorded(2);
    const junk = { ...rowOf(events[1]!), raw: Buffer.from('junk').toString('base64'), session_id: 'ses_1' };
    expect(
      found(
        events.map((event) => rowOf(event)),
        covered,
        [junk],
      ),
    ).toEqual(['added row: seq 2']);
  });
});
