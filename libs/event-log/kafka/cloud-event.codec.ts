import type { EncodedEnvelope } from '#events';

/* CloudEvents 1.0 on Kafka, binary mode: the payload is the message's value, the attributes are `ce_*` headers, the
   key is the subject. An encoded Envelope is, in this order, each at most once and absent where empty:
     id:0a  type:12  source:1a  subject:22   length-delimited, UTF-8
     time_us:28                              varint
     data:32  link:3a                        length-delimited
   Proofs hash an event's exact bytes, so they must come back exactly. Bytes that are not in this form (another
   writer's order, an unknown field, no envelope at all) travel whole, as the value. */

export interface KafkaMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string>>;
}

/** What a reader finds; a header that stands twice is a list. */
export interface ReadMessage {
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>;
}

const tags = { id: 0x0a, type: 0x12, source: 0x1a, subject: 0x22, time: 0x28, data: 0x32, link: 0x3a };
const texts = [
  ['ce_id', tags.id],
  ['ce_type', tags.type],
  ['ce_source', tags.source],
  ['ce_subject', tags.subject],
] as const;
const binaryMode = { ce_specversion: '1.0', 'content-type': 'application/protobuf' };
const wholeType = 'application/vnd.weirkeeper.envelope';
const noBytes = Buffer.alloc(0);
/** The end of the year 9999 in microseconds: past it RFC 3339 has no form, and numbers are no longer exact. */
const latestTime = Date.UTC(10_000, 0, 1) * 1000;

export function toKafka(raw: EncodedEnvelope): KafkaMessage {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const message = binaryMessage(bytes);
  if (message && fromKafka(message).equals(bytes)) return message;
  return { key: null, value: bytes, headers: { 'content-type': wholeType } };
}

/** The exact bytes that `toKafka` was given; of a stranger's message, its value: whoever decodes that sees poison. */
export function fromKafka({ value, headers = {} }: ReadMessage): Buffer {
  const data = value ?? noBytes;
  if (headers['ce_specversion'] === undefined) return data;
  const parts: Buffer[] = [];
  for (const [name, tag] of texts) put(parts, tag, header(headers[name]));
  putTime(parts, header(headers['ce_time']).toString('latin1'));
  put(parts, tags.data, data);
  put(parts, tags.link, Buffer.from(header(headers['ce_link']).toString('latin1'), 'base64'));
  return Buffer.concat(parts);
}

function binaryMessage(bytes: Buffer): KafkaMessage | undefined {
  const fields = fieldsOf(bytes);
  if (!fields) return undefined;
  const headers: Record<string, Buffer | string> = { ...binaryMode };
  for (const [name, tag] of texts) {
    const text = fields.get(tag);
    if (text) headers[name] = text as Buffer;
  }
  const time = fields.get(tags.time);
  if (time !== undefined) headers['ce_time'] = formatTime(time as number);
  const link = fields.get(tags.link);
  if (link) headers['ce_link'] = (link as Buffer).toString('base64');
  return {
    key: (fields.get(tags.subject) as Buffer | undefined) ?? null,
    value: (fields.get(tags.data) as Buffer | undefined) ?? noBytes,
    headers,
  };
}

/** Undefined where a field is not one of ours, or a number is not exact. */
function fieldsOf(bytes: Buffer): Map<number, Buffer | number> | undefined {
  const fields = new Map<number, Buffer | number>();
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    const number = readVarint(bytes, at + 1);
    if (!number) return undefined;
    if (tag === tags.time) {
      if (number.value >= latestTime) return undefined;
      fields.set(tag, number.value);
      at = number.end;
      continue;
    }
    const end = number.end + number.value;
    if ((tag & 7) !== 2 || tag > tags.link || end > bytes.length) return undefined;
    fields.set(tag, bytes.subarray(number.end, end));
    at = end;
  }
  return fields;
}

function readVarint(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length && at < from + 8; at++, scale *= 128) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

function put(parts: Buffer[], tag: number, bytes: Buffer): void {
  if (bytes.length > 0) parts.push(tagged(tag, bytes.length), bytes);
}

function putTime(parts: Buffer[], text: string): void {
  const us = text === '' ? 0 : parseTime(text);
  if (us > 0) parts.push(tagged(tags.time, us));
}

function tagged(tag: number, number: number): Buffer {
  const bytes = [tag];
  let rest = number;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** RFC 3339 with microseconds. */
function formatTime(us: number): string {
  const micros = String(us % 1000).padStart(3, '0');
  return `${new Date(Math.floor(us / 1000)).toISOString().slice(0, -1)}${micros}Z`;
}

/** 0 for what `formatTime` does not write. */
function parseTime(text: string): number {
  const us = Date.parse(`${text.slice(0, 23)}Z`) * 1000 + Number(text.slice(23, 26));
  return Number.isSafeInteger(us) && us > 0 ? us : 0;
}

function header(value: Buffer | string | readonly (Buffer | string)[] | undefined): Buffer {
  const first = Array.isArray(value) ? (value as readonly (Buffer | string)[])[0] : value;
  if (first === undefined) return noBytes;
  return typeof first === 'string' ? Buffer.from(first) : (first as Buffer);
}
