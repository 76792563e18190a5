import { isRetry, writeOf } from './idempotency.js';

/** A retry comes within minutes, and these topics are slow. */
const most = 10_000;

/** The newest events that a fold has seen, against repetition: of those under one Idempotency-Key the first counts. */
export class SeenEvents {
  readonly #seen = new Map<string, { readonly id: string; readonly changed: boolean }>();

  /** `changed`: whether it changed anything. */
  add(id: string, changed = true): void {
    this.#seen.set(writeOf(id), { id, changed });
    if (this.#seen.size <= most) return;
    for (const oldest of this.#seen.keys()) {
      this.#seen.delete(oldest);
      return;
    }
  }

  /** Also by another event under the same key. */
  repeats(id: string): boolean {
    return this.#seen.has(writeOf(id));
  }

  /** Throws KEY_REUSED where one with another body was seen under its key. */
  has(id: string): boolean {
    const seen = this.#seen.get(writeOf(id));
    return seen !== undefined && isRetry(id, seen.id);
  }

  /** Seen, and it changed nothing. */
  ignored(id: string): boolean {
    const seen = this.#seen.get(writeOf(id));
    return seen?.id === id && !seen.changed;
  }
}
