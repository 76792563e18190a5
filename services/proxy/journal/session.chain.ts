import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { hashBytes } from '#events';
import { AppError } from '#kernel';
import { note, type SessionState } from './open-sessions.js';
import { PayloadWriter } from './payload.writer.js';
import type { Origin, RecordBuffer } from './record.buffer.js';

/** A session's own events, in order. What is added goes to the disk with the journal's next commit. */
export interface SessionChain {
  /** The seq of the last event added; 0: none. */
  readonly seq: number;
  /** Encodes, assigns seq, prev, salt and hash, and buffers. */
  add<T extends DescMessage>(schema: T, init: MessageInitShape<T>): void;
  /** The hot path: a writer for the next payload, shared by all sessions; what it says is added by `addWritten`. */
  write(): PayloadWriter;
  /**
   * `opens`, `closes`: the statement that it begins or ends, so that nobody has to read it out of the payload. `trace`: the
   * envelope's traceparent, as a field.
   */
  addWritten(
    type: string,
    about?: { readonly opens?: string; readonly closes?: string; readonly trace?: Uint8Array | undefined },
  ): void;
}

const writer = new PayloadWriter();

export class BufferedChain implements SessionChain {
  readonly #origin: Origin;
  readonly #state: SessionState;
  readonly #buffer: RecordBuffer;
  readonly #onEnd: (sessionId: string) => void;
  readonly #hash = Buffer.alloc(hashBytes);
  readonly #head: { seq: number; readonly hash: Buffer };

  constructor(origin: Origin, state: SessionState, buffer: RecordBuffer, onEnd: (sessionId: string) => void) {
    this.#origin = origin;
    this.#buffer = buffer;
    this.#onEnd = onEnd;
    this.#hash.set(state.head.hash);
    this.#head = { seq: state.head.seq, hash: this.#hash };
    this.#state = state;
    state.head = this.#head; // one object, advanced in place
  }

  get seq(): number {
    return this.#head.seq;
  }

  add<T extends DescMessage>(schema: T, init: MessageInitShape<T>): void {
    const data = toBinary(schema, create(schema, init));
    this.append(schema.typeName, data);
    note(this.#state, schema.typeName, data);
    if (this.#state.ended) this.#onEnd(this.#origin.sessionId);
  }

  write(): PayloadWriter {
    return writer.begin();
  }

  addWritten(
    type: string,
    { opens, closes, trace }: { opens?: string; closes?: string; trace?: Uint8Array | undefined } = {},
  ): void {
    this.append(type, writer.finish(), trace);
    if (opens !== undefined) this.#state.openStatements.add(opens);
    if (closes !== undefined) this.#state.openStatements.delete(closes);
  }

  private append(type: string, data: Uint8Array, trace?: Uint8Array): void {
    if (this.#state.ended) {
      throw new AppError('INTERNAL', `session ${this.#origin.sessionId} has ended: nothing follows`);
    }
    const hash = this.#buffer.event(this.#origin, this.#head, type, data, trace);
    this.#hash.write(hash, 0, 'latin1');
    this.#head.seq++;
  }
}
