import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, EnvelopeSchema, newEvent, SessionEndedSchema } from '#events';
import { ManualClock } from '#kernel';
import { fromKafka, toKafka, type KafkaMessage } from './cloud-event.codec.js';

const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
const origin = { source: 'proxy/x', subject: 'ses_1', clock, id: 'evt_1' };
const text = (message: KafkaMessage, name: string) => message.headers[name]?.toString();

describe('an event on Kafka', () => {
  it('is CloudEvents in binary mode: the payload as value, attributes as headers, the subject as key', () => {
    const envelope = newEvent(SessionEndedSchema, { sessionId: 'ses_1', reason: 'client' }, origin);
    envelope.timeUs += 9n;
    const message = toKafka(encodeEnvelope(envelope));
    expect(message.key?.toString()).toBe('ses_1');
    expect(message.value).toEqual(Buffer.from(envelope.data));
    expect(Object.keys(message.headers).sort()).toEqual(
      ['ce_id', 'ce_source', 'ce_specversion', 'ce_subject', 'ce_time', 'ce_type', 'content-type'].sort(),
    );
    expect(text(message, 'ce_specversion')).toBe('1.0');
    expect(text(message, 'ce_id')).toBe('evt_1');
    expect(text(message, 'ce_type')).toBe('weir.events.v1.SessionEnded');
    expect(text(message, 'ce_time')).toBe('2026-01-02T03:04:05.678009Z');
    expect(decodeEnvelope(Uint8Array.from(fromKafka(message)))).toEqual(envelope);
  });

  it('comes back in its exact bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const link = fc.option(
      fc.record({ seq: fc.bigInt(0n, 2n ** 64n - 1n), prev: bytes, hash: bytes, salt: bytes }),
    );
    const envelopes = fc.record({
      id: fc.string({ unit: 'binary' }),
      type: fc.string(),
      source: fc.string({ unit: 'binary' }),
      subject: fc.string(),
      timeUs: fc.oneof(
        fc.bigInt(0n, 2n ** 53n),
        fc.bigInt(2n ** 53n, 2n ** 58n),
        fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      ),
      data: bytes,
      traceparent: fc.oneof(fc.constant(''), fc.string()),
      link,
    });
    fc.assert(
      fc.property(envelopes, ({ link: linked, ...fields }) => {
        const raw = encodeEnvelope(create(EnvelopeSchema, { ...fields, ...(linked && { link: linked }) }));
        expect(fromKafka(toKafka(raw)).equals(raw)).toBe(true);
      }),
    );
  });

  it('comes back so even where it is no envelope', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => {
        expect(fromKafka(toKafka(raw)).equals(raw)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    const whole = toKafka(Buffer.from('junk'));
    expect(text(whole, 'content-type')).toBe('application/vnd.weirkeeper.envelope');
    expect(whole.headers['ce_id']).toBeUndefined();
  });

  it("takes a stranger's message without a throw", () => {
    expect(fromKafka({ value: null })).toEqual(Buffer.alloc(0));
    expect(fromKafka({ value: Buffer.from('x'), headers: { a: 'b' } })).toEqual(Buffer.from('x'));
    const odd = { ce_specversion: '1.0', ce_id: ['a', 'b'], ce_time: 'yesterday', ce_link: '%' };
    expect(decodeEnvelope(fromKafka({ value: null, headers: odd }))).toMatchObject({ id: 'a', timeUs: 0n });
  });
});
