/** What a quick reader was not made for: whoever asked reads it with the generated code. */
export class Unusual extends Error {}

const delimited = 2;
const surest = Number.MAX_SAFE_INTEGER;
/** One for all, without a stack: it is thrown where nobody looks at it. */
const unusual = new Unusual();

export function giveUp(): never {
  throw unusual;
}

/*
 * Protobuf's wire: a field is its key (number << 3 | type) as a varint, then for type 0 a varint, for type 2 a length
 * as a varint and that many bytes.
 */
export class WireReader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  static of({ buffer, byteOffset, byteLength }: Uint8Array): WireReader {
    return new WireReader(Buffer.from(buffer, byteOffset, byteLength));
  }

  /** The next field's key; 0 at the end. */
  key(): number {
    return this.at < this.end ? this.number() || giveUp() : 0;
  }

  /** A whole number up to 2^53. */
  number(): number {
    let value = 0;
    for (let scale = 1; scale < surest; scale *= 0x80) {
      if (this.at >= this.end) giveUp();
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value <= surest ? value : giveUp();
    }
    return giveUp();
  }

  text(): string {
    const [from, to] = this.span();
    const text = this.bytes.toString('utf8', from, to);
    // The library refuses what is no UTF-8, and takes a byte order mark away.
    return text.includes('\ufffd') || text.charCodeAt(0) === 0xfeff ? giveUp() : text;
  }

  blob(): Buffer {
    const [from, to] = this.span();
    return this.bytes.subarray(from, to);
  }

  message(): WireReader {
    const [from, to] = this.span();
    return new WireReader(this.bytes, from, to);
  }

  private span(): readonly [from: number, to: number] {
    const length = this.number();
    const from = this.at;
    if (length > this.end - from) giveUp();
    this.at = from + length;
    return [from, this.at];
  }
}

/** The key of a field with a length. */
export const bytesKey = (field: number): number => (field << 3) | delimited;
