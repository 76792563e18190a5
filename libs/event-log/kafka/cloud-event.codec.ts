import type { EncodedEnvelope } from '#events';
import { readFields, WireWriter } from './envelope.wire.js';

/* CloudEvents 1.0 on Kafka, binary mode: the payload is the message's value, the attributes are `ce_*` headers, the
   key is the subject. Proofs hash an event's exact bytes, so they must come back exactly. Bytes that are not an envelope
   as `readFields` takes it (another writer's order, an unknown field, no envelope at all) travel whole, as the value. */

export interface KafkaMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer | string>;
}

/** What a reader finds; a header that stands twice is a list. */
export interface ReadMessage {
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>;
}

const specVersion = Buffer.from('1.0');
const protobuf = Buffer.from('application/protobuf');
const whole = Buffer.from('application/vnd.weirkeeper.envelope');
const noBytes = Buffer.alloc(0);

export function toKafka(raw: EncodedEnvelope): KafkaMessage {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const fields = readFields(bytes);
  if (!fields) return { key: null, value: bytes, headers: { 'content-type': whole } };
  const headers: Record<string, Buffer | string> = { ce_specversion: specVersion, 'content-type': protobuf };
  if (fields.id) headers['ce_id'] = fields.id;
  if (fields.type) headers['ce_type'] = fields.type;
  if (fields.source) headers['ce_source'] = fields.source;
  if (fields.subject) headers['ce_subject'] = fields.subject;
  if (fields.timeUs > 0) headers['ce_time'] = formatTime(fields.timeUs);
  if (fields.traceparent) headers['ce_traceparent'] = fields.traceparent;
  if (fields.link) headers['ce_link'] = fields.link.toString('base64');
  return { key: fields.subject ?? null, value: fields.data ?? noBytes, headers };
}

/** The exact bytes that `toKafka` was given; of a stranger's message, its value: whoever decodes that sees poison. */
export function fromKafka({ value, headers = {} }: ReadMessage): Buffer {
  const data = value ?? noBytes;
  if (headers['ce_specversion'] === undefined) return data;
  return new WireWriter({
    id: header(headers['ce_id']),
    type: header(headers['ce_type']),
    source: header(headers['ce_source']),
    subject: header(headers['ce_subject']),
    timeUs: parseTime(header(headers['ce_time'])),
    data,
    traceparent: header(headers['ce_traceparent']),
    link: Buffer.from(header(headers['ce_link']).toString('latin1'), 'base64'),
  }).bytes;
}

/** RFC 3339 with microseconds. */
function formatTime(us: number): string {
  const micros = String(us % 1000).padStart(3, '0');
  return `${new Date(Math.floor(us / 1000)).toISOString().slice(0, -1)}${micros}Z`;
}

/** 0 for what `formatTime` does not write. */
function parseTime(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  const text = bytes.toString('latin1');
  const us = Date.parse(`${text.slice(0, 23)}Z`) * 1000 + Number(text.slice(23, 26));
  return Number.isSafeInteger(us) && us > 0 ? us : 0;
}

function header(value: Buffer | string | readonly (Buffer | string)[] | undefined): Buffer {
  if (value instanceof Buffer) return value;
  const first = Array.isArray(value)
    ? (value as readonly (Buffer | string)[])[0]
    : (value as string | undefined);
  if (first === undefined) return noBytes;
  return typeof first === 'string' ? Buffer.from(first) : first;
}
