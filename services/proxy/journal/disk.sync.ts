import { fdatasync } from 'node:fs';

/** Group fsync: calls that come while one runs share the next. */
export class DiskSync {
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** Resolves once everything written to `fd` before this call is on the disk. */
  run(fd: number): Promise<void> {
    if (!this.#running) return (this.#running = this.#sync(fd));
    return (this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return (this.#running = this.#sync(fd));
    }));
  }

  /** Resolves once no sync uses a file any more, whatever became of it. */
  async idle(): Promise<void> {
    while (this.#running) await (this.#next ?? this.#running).catch(() => {});
  }

  #sync(fd: number): Promise<void> {
    const sync = new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => (error ? reject(error) : resolve()));
    });
    const done = () => {
      if (this.#running === sync) this.#running = undefined;
    };
    sync.then(done, done);
    return sync;
  }
}
