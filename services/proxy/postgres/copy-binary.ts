import { ByteWriter } from '#masking';
import { type CopyFormat, malformedCopy, type RecordKind, type Rewriters } from './copy-format.js';
import { UNCHANGED, WRITTEN } from './masking-value.js';

/*
 * Stream (binary): header row* trailer
 * header:  'PGCOPY\n' 0xff '\r\n' 0x00 flags:int32 extensionSize:int32 extension
 * row:     count:int16 [ size:int32 bytes ]*      size -1 is NULL
 * trailer: -1:int16
 */
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const fixedHeader = signature.length + 8;

export class CopyBinary implements CopyFormat {
  last: RecordKind = 'other';
  private state: 'header' | 'rows' | 'done' = 'header';
  private readonly masked = new ByteWriter(256);

  constructor(private readonly rewriters: Rewriters) {}

  endOfRecord(bytes: Buffer, start: number, end: number): number {
    if (this.state === 'header') return endOfHeader(bytes, start, end);
    if (this.state === 'done') throw malformedCopy('goes on behind its trailer');
    if (start + 2 > end) return -1;
    const count = bytes.readInt16BE(start);
    let at = start + 2;
    if (count === -1) return at;
    if (count !== this.rewriters.length)
      throw malformedCopy(`has ${count} columns, not ${this.rewriters.length}`);
    for (let column = 0; column < count; column++) {
      if (at + 4 > end) return -1;
      const size = bytes.readInt32BE(at);
      if (size < -1) throw malformedCopy(`has a value of false size, ${size}`);
      at += 4 + Math.max(size, 0);
    }
    return at > end ? -1 : at;
  }

  rewrite(bytes: Buffer, start: number, end: number, keptBefore: number, out: ByteWriter): number {
    if (this.state === 'header' || bytes.readInt16BE(start) === -1) {
      this.state = this.state === 'header' ? 'rows' : 'done';
      this.last = 'other';
      return keptBefore;
    }
    this.last = 'row';
    let kept = keptBefore;
    let at = start + 2;
    for (const rewriter of this.rewriters) {
      const size = bytes.readInt32BE(at);
      const value = at + 4;
      at = value + Math.max(size, 0);
      if (size === -1 || rewriter === undefined) continue;
      this.masked.reset();
      const rewritten = rewriter(bytes, value, at, this.masked);
      if (rewritten === UNCHANGED) continue;
      out.copy(bytes, kept, value - 4);
      out.int32(rewritten === WRITTEN ? this.masked.position : -1);
      if (rewritten === WRITTEN) out.append(this.masked);
      kept = at;
    }
    return kept;
  }
}

function endOfHeader(bytes: Buffer, start: number, end: number): number {
  if (end - start < fixedHeader) return -1;
  if (bytes.compare(signature, 0, signature.length, start, start + signature.length) !== 0) {
    throw malformedCopy('has no binary signature');
  }
  const flags = bytes.readInt32BE(start + signature.length);
  const extension = bytes.readInt32BE(start + signature.length + 4);
  // Bits 16 to 31 change the layout of rows; bit 16 put an OID before each.
  if (flags >>> 16 !== 0 || extension < 0) throw malformedCopy('has unknown flags');
  const last = start + fixedHeader + extension;
  return last > end ? -1 : last;
}
