const startBytes = 1024;
/** Below this a loop is faster than the call into the runtime. */
const shortText = 80;

/** Bytes of one column, growing. Numbers are little-endian. */
export class ByteSink {
  private bytes = Buffer.allocUnsafe(startBytes);
  private at = 0;

  get written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  uint16(value: number): void {
    this.reserve(2);
    this.at = this.bytes.writeUInt16LE(value, this.at);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeUInt32LE(value, this.at);
  }

  /** A whole number up to 2^53, negative or not. */
  int64(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.at = this.bytes.writeUInt32LE(value - high * 0x1_0000_0000, this.at);
    this.at = this.bytes.writeInt32LE(high, this.at);
  }

  big64(value: bigint): void {
    this.reserve(8);
    this.at = this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.at);
  }

  /** Seven bits a byte, lowest first. */
  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.bytes[this.at++] = (rest % 0x80) | 0x80;
    this.bytes[this.at++] = rest;
  }

  /** Length and UTF-8; a lone surrogate becomes U+FFFD. */
  text(value: string): void {
    if (value.length <= shortText && this.shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.reserve(length);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  blob(value: Uint8Array): void {
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** False, and nothing written, where a character is not ASCII. */
  private shortAscii(value: string): boolean {
    const { length } = value;
    this.reserve(1 + length);
    const { bytes, at } = this;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + 1 + i] = code;
    }
    bytes[at] = length;
    this.at = at + 1 + length;
    return true;
  }

  private reserve(more: number): void {
    const needed = this.at + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}
