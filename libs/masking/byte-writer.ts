// In between, words copied in a loop beat both single bytes and the call into the runtime that Buffer.set makes.
const smallCopy = 12;
const largeCopy = 144;
const empty = Buffer.alloc(0);
const nothing = wordsOf(empty);
// One large value must not stay in memory for the life of a reused writer.
const mostKept = 64 * 1024;

/**
 * Bytes appended to one growing Buffer. Allocates nothing until the first write; `reset` keeps the memory,
 * so a writer that is reused must only ever hold what its reader may see.
 */
export class ByteWriter {
  position = 0;
  private bytes: Buffer = empty;
  private words: DataView = nothing;
  // Of the source that was copied from last: a chunk is copied from many times.
  private source: Uint8Array = empty;
  private sourceWords: DataView = nothing;

  constructor(private readonly initialSize: number) {}

  copy(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length < smallCopy || length > largeCopy) return this.copyBytes(source, start, end);
    if (source !== this.source) {
      this.source = source;
      this.sourceWords = wordsOf(source);
    }
    this.copyWords(source, this.sourceWords, start, end);
  }

  /** All that another has written. */
  append(other: ByteWriter): void {
    const { bytes, words, position } = other;
    if (position < smallCopy || position > largeCopy) this.copyBytes(bytes, 0, position);
    else this.copyWords(bytes, words, 0, position);
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
    this.words.setInt32(this.position, value);
    this.position += 4;
  }

  ascii(text: string): void {
    this.ensure(text.length);
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) bytes[this.position++] = text.charCodeAt(i);
  }

  /** Overwrites four bytes already written: a length known only afterwards. */
  patchInt32(value: number, at: number): void {
    this.words.setInt32(at, value);
  }

  reset(): void {
    this.position = 0;
    if (this.bytes.length > mostKept) this.hold(empty);
  }

  /** Lets go of what was copied from, for a writer that outlives it. */
  forget(): void {
    this.source = empty;
    this.sourceWords = nothing;
  }

  /** What was written so far; shares memory with the writer, so it is good until the next write or reset. */
  view(): Buffer {
    return this.bytes.subarray(0, this.position);
  }

  /** For readers that loop over bytes: valid up to `position`, until the next write. */
  get raw(): Buffer {
    return this.bytes;
  }

  private copyBytes(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.ensure(length);
    if (length > smallCopy) {
      this.bytes.set(source.subarray(start, end), this.position);
    } else {
      const { bytes } = this;
      for (let from = start, to = this.position; from < end;) bytes[to++] = source[from++]!;
    }
    this.position += length;
  }

  private copyWords(source: Uint8Array, sourceWords: DataView, start: number, end: number): void {
    this.ensure(end - start);
    const { bytes, words } = this;
    let from = start;
    let to = this.position;
    for (const last = end - 4; from <= last; from += 4, to += 4)
      words.setInt32(to, sourceWords.getInt32(from));
    while (from < end) bytes[to++] = source[from++]!;
    this.position = to;
  }

  private ensure(more: number): void {
    const needed = this.position + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.initialSize, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.position));
    this.hold(larger);
  }

  private hold(bytes: Buffer): void {
    this.bytes = bytes;
    this.words = wordsOf(bytes);
  }
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}
