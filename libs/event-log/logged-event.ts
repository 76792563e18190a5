import { decodeEnvelope, type EncodedEnvelope, type Envelope } from '#events';
import type { LoggedEvent, Position } from './port.js';

/**
 * An event that decodes its envelope when someone looks: readers that only move bytes never pay for it, and a
 * poison event throws in the handler that reads it, where it can be set aside, not in the log.
 */
export class StoredEvent implements LoggedEvent {
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
