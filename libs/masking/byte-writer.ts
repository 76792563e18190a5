// Below this a loop beats the call into the runtime that Buffer.copy makes.
const smallCopy = 48;
// One large value must not stay in memory for the life of a reused writer.
const mostKept = 64 * 1024;

/**
 * Bytes appended to one growing Buffer. Allocates nothing until the first write; `reset` keeps the memory,
 * so a writer that is reused must only ever hold what its reader may see.
 */
export class ByteWriter {
  position = 0;
  private bytes: Buffer;

  constructor(private readonly initialSize: number) {
    this.bytes = empty;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.ensure(length);
    if (length <= smallCopy) {
      const bytes = this.bytes;
      let to = this.position;
      for (let from = start; from < end; from++) bytes[to++] = source[from]!;
    } else {
      this.bytes.set(source.subarray(start, end), this.position);
    }
    this.position += length;
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.position++] = value;
  }

  int16(value: number): void {
    this.ensure(2);
    this.position = this.bytes.writeInt16BE(value, this.position);
  }

  int32(value: number): void {
    this.ensure(4);
    this.position = this.bytes.writeInt32BE(value, this.position);
  }

  ascii(text: string): void {
    this.ensure(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.position++] = text.charCodeAt(i);
  }

  /** Overwrites four bytes already written: a length known only afterwards. */
  patchInt32(value: number, at: number): void {
    this.bytes.writeInt32BE(value, at);
  }

  reset(): void {
    this.position = 0;
    if (this.bytes.length > mostKept) this.bytes = empty;
  }

  /** What was written so far; shares memory with the writer, so it is good until the next write or reset. */
  view(): Buffer {
    return this.bytes.subarray(0, this.position);
  }

  /** For readers that loop over bytes: valid up to `position`, until the next write. */
  get raw(): Buffer {
    return this.bytes;
  }

  private ensure(more: number): void {
    const needed = this.position + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.initialSize, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.position));
    this.bytes = larger;
  }
}

const empty = Buffer.alloc(0);
