import { violation } from './byte.cursor.js';

/* A message (PostgreSQL's v3 framing): type:byte length:int32 body   length includes itself, not the type byte */
const HEADER = 5;
/** What is set aside for a message that has not arrived yet; past it memory follows the bytes, not the header. */
const FIRST_RESERVE = 64 * 1024;

/**
 * A whole message: `buffer[start]` is its type byte, `end` is exclusive. The buffer is the chunk itself where
 * the message lies inside one chunk, and is never written to again, so a slice of it may be kept.
 * Returning false stops the scan after this message; `push` then returns what is left.
 */
export type OnMessage = (type: number, buffer: Buffer, start: number, end: number) => boolean | void;

/** A part of a message that goes through in pieces; the first begins with the header. */
export type OnPiece = (type: number, buffer: Buffer, start: number, end: number, last: boolean) => void;

export interface MessageScannerOptions {
  /** Bytes a message's length field may state; more is a PROTOCOL_VIOLATION. Messages in pieces are exempt. */
  readonly maxLength: number;
  /** Asked once for each message that does not lie inside one chunk: shall it go through in pieces? */
  readonly inPieces?: (type: number, length: number) => boolean;
  readonly onPiece?: OnPiece;
}

const NOTHING = Buffer.alloc(0);

/** Cuts a stream of chunks into messages in place; only a message that spans chunks is copied, once. */
export class MessageScanner {
  private held: Buffer = NOTHING;
  private heldBytes = 0;
  /** The whole size (type byte included) of the message in `held`; 0 while its header is incomplete. */
  private heldSize = 0;
  private pieceType = 0;
  private pieceLeft = 0;

  constructor(private readonly options: MessageScannerOptions) {}

  /** True between messages: nothing of a further one has arrived. */
  get idle(): boolean {
    return this.heldBytes === 0 && this.pieceLeft === 0;
  }

  /** Bytes held for an unfinished message. */
  get pending(): number {
    return this.heldBytes;
  }

  /** Returns what was not scanned (empty unless `onMessage` stopped it); push that again before the next chunk. */
  push(chunk: Buffer, onMessage: OnMessage): Buffer {
    let at = 0;
    if (this.pieceLeft > 0) at = this.pushPiece(chunk, 0);
    else if (this.heldBytes > 0) {
      at = this.complete(chunk, onMessage);
      if (at < 0) return chunk.subarray(~at);
    }
    while (at < chunk.length) {
      if (chunk.length - at < HEADER) return this.hold(chunk, at);
      const size = this.sizeOf(chunk, at);
      if (at + size > chunk.length) return this.begin(chunk, at, size);
      const end = at + size;
      if (onMessage(chunk[at]!, chunk, at, end) === false) return chunk.subarray(end);
      at = end;
    }
    return NOTHING;
  }

  private sizeOf(buffer: Buffer, at: number): number {
    const length = buffer.readInt32BE(at + 1);
    if (length < 4) throw violation(`a message states a length of ${length}`);
    if (length > this.options.maxLength && !this.takesPieces(buffer[at]!, length))
      throw violation(`a message of ${length} bytes exceeds the limit of ${this.options.maxLength}`);
    return length + 1;
  }

  private takesPieces(type: number, length: number): boolean {
    return this.options.onPiece !== undefined && this.options.inPieces?.(type, length) === true;
  }

  /** A message whose header is here and whose end is not. */
  private begin(chunk: Buffer, at: number, size: number): Buffer {
    const type = chunk[at]!;
    if (this.takesPieces(type, size - 1)) {
      this.pieceType = type;
      this.pieceLeft = size;
      this.pushPiece(chunk, at);
      return NOTHING;
    }
    this.heldSize = size;
    return this.hold(chunk, at);
  }

  private pushPiece(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.pieceLeft);
    this.pieceLeft -= end - at;
    if (end > at) this.options.onPiece!(this.pieceType, chunk, at, end, this.pieceLeft === 0);
    return end;
  }

  private hold(chunk: Buffer, at: number): Buffer {
    this.append(chunk, at, chunk.length);
    return NOTHING;
  }

  /** Adds to the held message; returns where the chunk goes on, or ~that where `onMessage` stopped the scan. */
  private complete(chunk: Buffer, onMessage: OnMessage): number {
    let at = 0;
    if (this.heldSize === 0) {
      at = Math.min(chunk.length, HEADER - this.heldBytes);
      this.append(chunk, 0, at);
      if (this.heldBytes < HEADER) return at;
      const size = this.sizeOf(this.held, 0);
      if (this.takesPieces(this.held[0]!, size - 1) && size - HEADER > chunk.length - at)
        return this.switchToPieces(chunk, at, size);
      this.heldSize = size;
    }
    const end = Math.min(chunk.length, at + this.heldSize - this.heldBytes);
    this.append(chunk, at, end);
    if (this.heldBytes < this.heldSize) return end;
    const message = this.held;
    const size = this.heldSize;
    this.clear();
    return onMessage(message[0]!, message, 0, size) === false ? ~end : end;
  }

  private switchToPieces(chunk: Buffer, at: number, size: number): number {
    const header = this.held;
    this.clear();
    this.pieceType = header[0]!;
    this.pieceLeft = size;
    this.pushPiece(header.subarray(0, HEADER), 0);
    return this.pushPiece(chunk, at);
  }

  private append(chunk: Buffer, start: number, end: number): void {
    const needed = this.heldBytes + end - start;
    if (needed > this.held.length || this.held === NOTHING) this.grow(needed);
    chunk.copy(this.held, this.heldBytes, start, end);
    this.heldBytes = needed;
  }

  /** Doubles with what has arrived, never to what a header promises. */
  private grow(needed: number): void {
    const promised = this.heldSize === 0 ? HEADER : this.heldSize;
    const size = Math.min(promised, Math.max(FIRST_RESERVE, needed * 2));
    const larger = Buffer.allocUnsafe(Math.max(size, needed));
    this.held.copy(larger, 0, 0, this.heldBytes);
    this.held = larger;
  }

  private clear(): void {
    this.held = NOTHING;
    this.heldBytes = 0;
    this.heldSize = 0;
  }
}
