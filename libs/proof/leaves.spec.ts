import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { encodeEnvelope, EnvelopeSchema, LinkSchema } from '#events';
import { decodeLeaf, encodeLeaf, eventLeaves, sessionLeaves, sha256Hex, type BatchEvent } from './leaves.js';

const hashOf = (session: string, seq: number) =>
  Buffer.from(sha256Hex(Buffer.from(`${session}${seq}`)), 'hex');
const headOf = (session: string, seq: number) => hashOf(session, seq).toString('hex');

function batch(...events: readonly (readonly [string, number] | string)[]): BatchEvent[] {
  return events.map((event, offset) => {
    if (typeof event === 'string') return { offset, raw: Buffer.from(event) };
    const [subject, seq] = event;
    const link = create(LinkSchema, { seq: BigInt(seq), hash: hashOf(subject, seq) });
    return {
      offset,
      raw: encodeEnvelope(create(EnvelopeSchema, { id: `${subject}-${seq}`, subject, link })),
    };
  });
}

describe('the leaves of a batch', () => {
  it('are one for what is new of each session', () => {
    expect(sessionLeaves(batch(['a', 1], ['b', 4], ['a', 2], ['b', 5], ['a', 3]))).toEqual([
      { session: 'b', from: 4, to: 5, head: headOf('b', 5), offset: 3 },
      { session: 'a', from: 1, to: 3, head: headOf('a', 3), offset: 4 },
    ]);
  });

  it('do not count what was shipped twice', () => {
    const twice = batch(['a', 1], ['a', 2], ['a', 1], ['a', 2], ['a', 3]);
    expect(sessionLeaves(twice)).toEqual([{ session: 'a', from: 1, to: 3, head: headOf('a', 3), offset: 4 }]);
  });

  it('do not reach over a gap', () => {
    expect(sessionLeaves(batch(['a', 1], ['a', 3]))).toMatchObject([
      { from: 1, to: 1 },
      { from: 3, to: 3 },
    ]);
  });

  it('cover what has no place in a session', () => {
    const [leaf] = sessionLeaves(batch('junk', ['a', 0]));
    expect(leaf).toEqual({
      unreadable: [
        [0, sha256Hex(Buffer.from('junk'))],
        [1, expect.stringMatching(/^[0-9a-f]{64}$/)],
      ],
    });
  });

  it('of other topics name every event', () => {
    const events = batch(...Array.from({ length: 250 }, (_, i): [string, number] => ['e', i]));
    const leaves = eventLeaves(events);
    expect(leaves.map((leaf) => 'events' in leaf && leaf.events.length)).toEqual([100, 100, 50]);
    expect(leaves[2]).toMatchObject({
      events: expect.arrayContaining([[249, 'e-249', sha256Hex(events[249]!.raw)]]),
    });
  });

  it('are as many as their bytes need, whatever an id is made of', () => {
    const ids = Array.from({ length: 150 }, (_, i) => '\u0001'.repeat(190) + i);
    const events = ids.map((id, offset) => ({ offset, raw: encodeEnvelope(create(EnvelopeSchema, { id })) }));
    const leaves = eventLeaves(events);
    expect(leaves.map(encodeLeaf).map(({ length }) => length <= 65_535)).toEqual(leaves.map(() => true));
    expect(leaves.flatMap((leaf) => ('events' in leaf ? leaf.events : []))).toHaveLength(150);
    const plain = ids.map((_, n): [string, number] => ['e'.repeat(190), n]);
    expect(eventLeaves(batch(...plain))).toHaveLength(2);
  });

  it('hold apart what no link can be of', () => {
    const link = (more: object) => create(LinkSchema, { seq: 1n, hash: Buffer.alloc(32), ...more });
    const base = { id: 'i', subject: 's', link: link({}) };
    const wrong = [
      { link: link({ seq: 2n ** 64n - 1n }) },
      { link: link({ hash: Buffer.alloc(40_000) }) },
      { link: link({ salt: Buffer.alloc(9000) }) },
      { id: 'i'.repeat(9000) },
      { type: 't'.repeat(9000) },
      { subject: 's'.repeat(9000) },
    ].map((more) => create(EnvelopeSchema, { ...base, ...more }));
    const raws = [create(EnvelopeSchema, base), ...wrong].map(encodeEnvelope);
    expect(sessionLeaves(raws.map((raw, offset) => ({ offset, raw })))).toEqual([
      { session: 's', from: 1, to: 1, head: '0'.repeat(64), offset: 0 },
      { unreadable: raws.slice(1).map((raw, i) => [i + 1, sha256Hex(raw)]) },
    ]);
  });

  it('come back from their bytes', () => {
    const leaves = [...sessionLeaves(batch(['é "x"', 1], 'junk')), ...eventLeaves(batch(['a', 1]))];
    expect(leaves.map((leaf) => decodeLeaf(encodeLeaf(leaf)))).toEqual(leaves);
    for (const other of [
      '',
      '{}',
      '[]',
      'null',
      '{"session":"a"}',
      '{"session":"a","head":"","from":1,"to":2}',
    ])
      expect(decodeLeaf(Buffer.from(other))).toBeUndefined();
  });
});
