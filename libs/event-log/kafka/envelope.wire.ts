/* An encoded Envelope: in this order, each field at most once, absent where empty, every number in its shortest form.
     id:0a  type:12  source:1a  subject:22   length-delimited, UTF-8
     time_us:28                              varint
     data:32  link:3a                        length-delimited
     traceparent:42                          length-delimited, UTF-8
   So protobuf writes it. What is read in this form and no other is written again byte for byte. */
const tags = {
  ...{ id: 0x0a, type: 0x12, source: 0x1a, subject: 0x22, timeUs: 0x28, data: 0x32, link: 0x3a },
  traceparent: 0x42,
};

/** Of an envelope, as slices of its bytes. */
export interface EnvelopeFields {
  id?: Buffer;
  type?: Buffer;
  source?: Buffer;
  subject?: Buffer;
  /** 0: absent. */
  timeUs: number;
  data?: Buffer;
  link?: Buffer;
  traceparent?: Buffer;
}

const names = new Map<number, Exclude<keyof EnvelopeFields, 'timeUs'>>([
  [tags.id, 'id'],
  [tags.type, 'type'],
  [tags.source, 'source'],
  [tags.subject, 'subject'],
  [tags.data, 'data'],
  [tags.link, 'link'],
  [tags.traceparent, 'traceparent'],
]);

/** Undefined for bytes in any other form than this one. */
export function readFields(bytes: Buffer): EnvelopeFields | undefined {
  const fields: EnvelopeFields = { timeUs: 0 };
  for (let at = 0, last = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    const number = readVarint(bytes, at + 1);
    if (tag <= last || number <= 0) return undefined;
    last = tag;
    at += 1 + varintLength(number);
    const name = names.get(tag);
    if (name !== undefined) {
      if (at + number > bytes.length) return undefined;
      fields[name] = bytes.subarray(at, at + number);
      at += number;
    } else if (tag === tags.timeUs) fields.timeUs = number;
    else return undefined;
  }
  return fields;
}

/** -1 for what is torn, not in its shortest form, or too large to be exact (a time of after the year 2255). */
function readVarint(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length && at < from + 8; at++, scale *= 128) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return (byte === 0 && at > from) || !Number.isSafeInteger(value) ? -1 : value;
  }
  return -1;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes the fields into one piece of memory. */
export class WireWriter {
  readonly bytes: Buffer;
  #at = 0;

  constructor(fields: Required<EnvelopeFields>) {
    const { id, type, source, subject, timeUs, data, link, traceparent } = fields;
    const time = timeUs > 0 ? 1 + varintLength(timeUs) : 0;
    const all = [id, type, source, subject, data, link, traceparent];
    const size = all.reduce((sum, field) => sum + sizeOf(field), time);
    this.bytes = Buffer.allocUnsafe(size);
    this.#put(tags.id, id);
    this.#put(tags.type, type);
    this.#put(tags.source, source);
    this.#put(tags.subject, subject);
    if (timeUs > 0) this.#number(tags.timeUs, timeUs);
    this.#put(tags.data, data);
    this.#put(tags.link, link);
    this.#put(tags.traceparent, traceparent);
  }

  #put(tag: number, field: Buffer): void {
    if (field.length === 0) return;
    this.#number(tag, field.length);
    this.bytes.set(field, this.#at);
    this.#at += field.length;
  }

  #number(tag: number, value: number): void {
    this.bytes[this.#at++] = tag;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.bytes[this.#at++] = (rest % 128) | 0x80;
    this.bytes[this.#at++] = rest;
  }
}

const sizeOf = ({ length }: Buffer) => (length === 0 ? 0 : 1 + varintLength(length) + length);
