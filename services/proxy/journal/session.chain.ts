import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { hashBytes } from '#events';
import { AppError } from '#kernel';
import { note, type SessionState } from './open-sessions.js';
import type { Origin, RecordBuffer } from './record.buffer.js';

/** A session's own events, in order. What is added goes to the disk with the journal's next commit. */
export interface SessionChain {
  /** The seq of the last event added; 0: none. */
  readonly seq: number;
  /** Encodes, assigns seq, prev, salt and hash, and buffers. */
  add<T extends DescMessage>(schema: T, init: MessageInitShape<T>): void;
  /** The same with a payload that is encoded already: the hot path. */
  addEncoded(type: string, data: Uint8Array): void;
}

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
    this.addEncoded(schema.typeName, toBinary(schema, create(schema, init)));
  }

  addEncoded(type: string, data: Uint8Array): void {
    if (this.#state.ended) {
      throw new AppError('INTERNAL', `session ${this.#origin.sessionId} has ended: nothing follows`);
    }
    const hash = this.#buffer.event(this.#origin, this.#head, type, data);
    this.#hash.write(hash, 0, 'latin1');
    this.#head.seq++;
    note(this.#state, type, data);
    if (this.#state.ended) this.#onEnd(this.#origin.sessionId);
  }
}
