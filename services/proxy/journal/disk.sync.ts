import { fdatasync } from 'node:fs';
import type { JournalSync } from './journal.options.js';

/** Group fsync: calls that come while one runs share the next, of the file that is current when it starts. */
export class DiskSync {
  readonly #currentFile: () => number;
  readonly #fdatasync: JournalSync;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(currentFile: () => number, sync: JournalSync = fdatasync) {
    this.#currentFile = currentFile;
    this.#fdatasync = sync;
  }

  /** Resolves once everything written before this call is on the disk. */
  run(): Promise<void> {
    if (!this.#running) return (this.#running = this.#sync());
    const start = () => {
      this.#next = undefined;
      return (this.#running = this.#sync());
    };
    return (this.#next ??= this.#running.then(start, start));
  }

  /** Resolves once no sync uses a file any more, whatever became of it. */
  async idle(): Promise<void> {
    while (this.#running) await (this.#next ?? this.#running).catch(() => {});
  }

  #sync(): Promise<void> {
    const sync = new Promise<void>((resolve, reject) => {
      this.#fdatasync(this.#currentFile(), (error) => (error ? reject(error) : resolve()));
    });
    const done = () => {
      if (this.#running === sync) this.#running = undefined;
    };
    sync.then(done, done);
    return sync;
  }
}
