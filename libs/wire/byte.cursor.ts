import { isUtf8 } from 'node:buffer';
import { AppError } from '#kernel';

/**
 * Reads one message's fields in order and never leaves its bounds. Integers are big-endian.
 * Throws PROTOCOL_VIOLATION where the message is shorter than its fields say, INPUT_INVALID for text that is
 * not UTF-8 (a lossy reading would let the gate judge another text than the server runs).
 */
export class ByteCursor {
  constructor(
    readonly buffer: Buffer,
    private at: number,
    private readonly end: number,
  ) {
    if (at < 0 || end > buffer.length || at > end) throw violation('a message lies outside its buffer');
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** Where the next field starts in `buffer`. */
  get position(): number {
    return this.at;
  }

  uint8(): number {
    return this.buffer[this.take(1)]!;
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2));
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    if (length < 0) throw violation('a field has a negative length');
    const start = this.take(length);
    return this.buffer.subarray(start, start + length);
  }

  /** Bytes up to a NUL, as text. */
  cstring(): string {
    return this.shortAscii() ?? utf8(this.cbytes());
  }

  /** Names and tags: a loop is faster than the calls into the runtime. Undefined, and nothing taken, for all else. */
  private shortAscii(): string | undefined {
    const { buffer, at } = this;
    const most = Math.min(this.end, at + shortText);
    for (let i = at; i < most; i++) {
      const byte = buffer[i]!;
      if (byte > 0x7f) return undefined;
      if (byte !== 0) continue;
      this.at = i + 1;
      return i === at ? '' : buffer.toString('latin1', at, i);
    }
    return undefined;
  }

  /** Bytes up to a NUL, as they are. */
  cbytes(): Buffer {
    const nul = this.buffer.indexOf(0, this.at);
    if (nul < 0 || nul >= this.end) throw violation('a string is not terminated');
    const text = this.buffer.subarray(this.at, nul);
    this.at = nul + 1;
    return text;
  }

  /** A count of elements that take at least `size` bytes each: a false one fails here, before it allocates. */
  count(size: number): number {
    const count = this.uint16();
    if (count * size > this.remaining) throw violation('a count exceeds its message');
    return count;
  }

  /** The message must be used up. */
  done(): void {
    if (this.remaining !== 0) throw violation('a message is longer than its fields');
  }

  private take(length: number): number {
    if (length > this.remaining) throw violation('a message is shorter than its fields');
    const start = this.at;
    this.at += length;
    return start;
  }
}

const shortText = 64;

export function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new AppError('INPUT_INVALID', 'the text is not valid UTF-8');
  return bytes.toString('utf8');
}

export function violation(message: string): AppError {
  return new AppError('PROTOCOL_VIOLATION', message);
}
