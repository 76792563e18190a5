import { Duplex } from 'node:stream';
import { MessageScanner } from '#wire';
import { ModelServer } from './model-server.js';

/** A connection to a server of its own. `lag`: turns of the event loop that pass before each answer, over and over. */
export class ModelConnection extends Duplex {
  private readonly scanner = new MessageScanner({ maxLength: 1 << 20 });
  private readonly server = new ModelServer((bytes) => void (this.destroyed || this.push(bytes)));
  private readonly inbox: { code: number; bytes: Buffer }[] = [];
  private working = false;
  private answered = 0;

  constructor(private readonly lag: readonly number[]) {
    super();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.scanner.push(Buffer.from(chunk), (code, buffer, start, end) => {
      this.inbox.push({ code, bytes: Buffer.from(buffer.subarray(start, end)) });
    });
    if (!this.working) void this.work();
    done();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (let next = this.inbox.shift(); next; next = this.inbox.shift()) {
      const turns = this.lag[this.answered++ % this.lag.length] ?? 0;
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      this.server.answer(next.code, next.bytes);
    }
    this.working = false;
  }
}
