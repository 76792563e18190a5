import { AppError } from '#kernel';
import { frontend as type, readEmpty } from './codec.js';
import type { Message, Unit } from './units.js';

/** A segment longer than this goes on in parts: the server would have begun on it, too. */
const segmentBytes = 1024 * 1024;

/** Gathers a client's messages into units. Throws PROTOCOL_VIOLATION for what no client may send here. */
export class UnitReader {
  private messages: Message[] = [];
  private bytes = 0;

  constructor(private readonly emit: (unit: Unit) => void) {}

  message(code: number, buffer: Buffer, start: number, end: number): void {
    const message = { code, buffer, start, end };
    switch (code) {
      case type.parse:
      case type.bind:
      case type.describe:
      case type.execute:
      case type.close:
        return this.add(message);
      case type.sync:
      case type.flush:
        readEmpty(buffer, start, end);
        this.add(message);
        return this.close(false);
      case type.query:
        this.close(true);
        return this.emit({ kind: 'query', message });
      case type.copyData:
      case type.copyDone:
      case type.copyFail:
        this.close(true);
        return this.emit({ kind: 'copy', message });
      case type.functionCall:
        this.close(true);
        return this.emit({ kind: 'function-call' });
      case type.terminate:
        return this.emit({ kind: 'terminate' });
      default:
        throw new AppError('PROTOCOL_VIOLATION', `a client message of unknown type ${code}`);
    }
  }

  private add(message: Message): void {
    this.messages.push(message);
    this.bytes += message.end - message.start;
    if (this.bytes > segmentBytes) this.close(true);
  }

  private close(forced: boolean): void {
    if (this.messages.length === 0) return;
    const { messages } = this;
    this.messages = [];
    this.bytes = 0;
    this.emit({ kind: 'segment', messages, forced });
  }
}
