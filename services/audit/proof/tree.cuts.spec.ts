import { describe, expect, it } from 'vitest';
import { StoredRowEvent } from '#audit-rows';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics, TreeCutSchema } from '#events';
import { ManualClock } from '#kernel';
import { CutBook, mostCutEvents } from './tree.cuts.js';

const origin = { source: 'audit/x', subject: 'tree', clock: new ManualClock() };
const position = { topic: topics.proof, partition: 0, offset: 0 };
const logged = (raw: Uint8Array) => new StoredRowEvent(position, 0, raw);
const cut = (after: number, through: number, topic: string = topics.session, partition = 0) =>
  logged(
    encodeEnvelope(
      newEvent(TreeCutSchema, { topic, partition, after: BigInt(after), through: BigInt(through) }, origin),
    ),
  );

describe('the cuts that count', () => {
  it('follow one another: of two at one place the first, and none that overlaps or leaves a gap', () => {
    const book = new CutBook();
    const events = [
      cut(-1, 9),
      cut(-1, 12),
      cut(9, 9),
      cut(9, 3),
      cut(5, 20),
      cut(10, 20),
      cut(9, 15),
      cut(15, 16),
    ];
    expect(events.map((event) => book.take(event)?.through)).toEqual([
      ...[9, undefined, undefined, undefined],
      ...[undefined, undefined, 15, 16],
    ]);
    expect(book.through({ topic: topics.session, partition: 0 })).toBe(16);
  });

  it('claim no more than one of ours may, whatever stands in the log', () => {
    const book = new CutBook();
    const events = [cut(-1, 8_000_000_000), cut(-1, mostCutEvents), cut(-1, 9), cut(9, 9 + mostCutEvents)];
    expect(events.map((event) => book.take(event)?.through)).toEqual([
      ...[undefined, undefined, 9],
      9 + mostCutEvents,
    ]);
  });

  it('are of each tree its own', () => {
    const book = new CutBook();
    expect(book.take(cut(-1, 4))).toBeDefined();
    expect(book.take(cut(-1, 7, topics.session, 1))).toMatchObject({ partition: 1, through: 7 });
    expect(book.take(cut(-1, 7, topics.policy))).toMatchObject({ topic: topics.policy });
    expect(book.through({ topic: topics.session, partition: 2 })).toBe(-1);
  });

  it('are of no topic that has no tree, and of nothing that is no cut', () => {
    const book = new CutBook();
    expect(book.take(cut(-1, 4, topics.proof))).toBeUndefined();
    expect(book.take(cut(-1, 4, 'weir.other.v1'))).toBeUndefined();
    expect(book.take(logged(Buffer.from('junk')))).toBeUndefined();
    expect(book.take(logged(encodeEnvelope(newEvent(SessionEndedSchema, {}, origin))))).toBeUndefined();
  });
});
