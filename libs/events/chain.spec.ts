import { createHash } from 'node:crypto';
import { clone } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ManualClock } from '#kernel';
import { describe, expect, it } from 'vitest';
import { genesis, linkEnvelope, verifyChain, type ChainHead } from './chain.js';
import { decodeEnvelope, encodeEnvelope, newEvent } from './envelope.js';
import { EnvelopeSchema, type Envelope } from './gen/weir/events/v1/envelope_pb.js';
import { SessionEndedSchema } from './gen/weir/events/v1/session_pb.js';

const clock = new ManualClock();
const origin = { source: 'proxy/test', subject: 'ses_1', clock };

function chainOf(length: number, dataBytes = 20): Envelope[] {
  const envelopes: Envelope[] = [];
  let head: ChainHead = genesis;
  for (let i = 1; i <= length; i++) {
    const envelope = newEvent(SessionEndedSchema, { sessionId: 'ses_1' }, { ...origin, id: `ses_1-${i}` });
    envelope.data = new Uint8Array(dataBytes).fill(i);
    head = linkEnvelope(envelope, head);
    clock.advance(3);
    envelopes.push(envelope);
  }
  return envelopes;
}

// Not `clone`: it shares the bytes fields.
const copy = (envelopes: Envelope[]) => envelopes.map((envelope) => decodeEnvelope(encodeEnvelope(envelope)));

describe('the session chain', () => {
  it('hashes exactly the bytes that the schema names', () => {
    const salt = new Uint8Array(16).fill(9);
    const envelope = newEvent(SessionEndedSchema, { sessionId: 'sés' }, { ...origin, id: 'sés-1' });
    linkEnvelope(envelope, genesis, salt);
    const u32 = (n: number) => Buffer.from([0, 0, 0, n]);
    const time = Buffer.alloc(8);
    time.writeBigInt64BE(envelope.timeUs);
    const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
    const expected = sha(
      Buffer.alloc(32),
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
      u32(6),
      Buffer.from('sés-1'),
      u32(envelope.type.length),
      Buffer.from(envelope.type),
      time,
      sha(salt, envelope.data),
    );
    expect(Buffer.from(envelope.link!.hash)).toEqual(expected);
  });

  it.each([0, 1, 100, 8192, 8193, 100_000])('verifies a chain of payloads of %i bytes', (bytes) => {
    const envelopes = chainOf(4, bytes);
    const check = verifyChain(envelopes.map((envelope) => decodeEnvelope(encodeEnvelope(envelope))));
    expect(check).toMatchObject({ ok: true, head: { seq: 4 } });
  });

  it('goes on from a head in the middle', () => {
    const envelopes = chainOf(5);
    const before = verifyChain(envelopes.slice(0, 3));
    if (!before.ok) throw new Error(before.why);
    expect(verifyChain(envelopes.slice(3), before.head)).toMatchObject({ ok: true, head: { seq: 5 } });
  });

  it.each<[string, number, (envelopes: Envelope[]) => void]>([
    ['a changed payload', 3, (e) => (e[2]!.data[0]! ^= 1)],
    ['a changed type', 2, (e) => (e[1]!.type = 'weir.events.v1.SessionStarted')],
    ['a changed time', 2, (e) => (e[1]!.timeUs += 1n)],
    ['a changed id', 4, (e) => (e[3]!.id = 'ses_1-5')],
    ['a dropped event', 2, (e) => e.splice(1, 1)],
    ['an event told twice', 3, (e) => e.splice(2, 0, clone(EnvelopeSchema, e[1]!))],
    ['two events swapped', 2, (e) => e.splice(1, 2, e[2]!, e[1]!)],
    ['a missing link', 1, (e) => delete e[0]!.link],
    ['a rehashed event', 3, (e) => linkEnvelope(e[1]!, { seq: 1, hash: e[0]!.link!.hash })],
  ])('names the seq where %s breaks it', (_what, seq, change) => {
    const envelopes = copy(chainOf(5));
    change(envelopes);
    expect(verifyChain(envelopes)).toMatchObject({ ok: false, seq });
  });

  it('breaks on any changed bit of any covered byte', () => {
    const envelopes = chainOf(3);
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.nat(7), fc.nat(3), (which, byte, bit, field) => {
        const changed = copy(envelopes);
        const { data, link } = changed[which]!;
        const bytes = [data, link!.prev, link!.hash, link!.salt][field]!;
        bytes[byte % bytes.length]! ^= 1 << bit;
        expect(verifyChain(changed)).toMatchObject({ ok: false, seq: which + 1 });
      }),
    );
  });
});
