import type { LoggedEvent, Position } from '#event-log';
import { decodeEnvelope, type EncodedEnvelope, type Envelope } from '#events';

/**
 * An event as it is read back from a row of the store: its bytes, and where the log had it. As the log's own class, which
 * comes with the log's engines: whoever verifies a bundle has none.
 */
export class StoredRowEvent implements LoggedEvent {
  #envelope: Envelope | undefined;

  constructor(
    readonly position: Position,
    readonly appendedAt: number,
    readonly raw: EncodedEnvelope,
  ) {}

  /** Throws if the bytes are not an envelope. */
  get envelope(): Envelope {
    return (this.#envelope ??= decodeEnvelope(this.raw));
  }
}
