import { watch, type FSWatcher } from 'node:fs';

const pollMs = 250;

/**
 * Wakes readers when the log may have grown: at once after this process's own commit, by the file system's
 * notice after another's, and every 250 ms, since such notices may be missing (network volumes, inotify limits).
 * It runs while there are readers and keeps the process alive for them.
 */
export class Wake {
  readonly #dataFile: string;
  readonly #sleepers = new Set<() => void>();
  #beat = 0;
  #readers = 0;
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;

  constructor(dataFile: string) {
    this.#dataFile = dataFile;
  }

  /** To be read before looking at the log, and given to `since`, so that no wake is missed in between. */
  get beat(): number {
    return this.#beat;
  }

  /** Resolves at the first wake after `beat`; at once if it was already. */
  since(beat: number): Promise<void> {
    if (beat !== this.#beat) return Promise.resolve();
    return new Promise((resolve) => this.#sleepers.add(resolve));
  }

  readonly now = (): void => {
    this.#beat++;
    for (const wakeUp of this.#sleepers) wakeUp();
    this.#sleepers.clear();
  };

  enter(): void {
    if (this.#readers++ > 0) return;
    this.#poll = setInterval(this.now, pollMs);
    this.#watcher = tryWatch(this.#dataFile, this.now);
  }

  leave(): void {
    if (--this.#readers > 0) return;
    clearInterval(this.#poll);
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}

function tryWatch(file: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(file, onChange);
    watcher.on('error', () => watcher.close()); // the poll goes on
    return watcher;
  } catch {
    return undefined;
  }
}
