import { useCallback, useSyncExternalStore } from 'react';

/** Whoever asks at the same pace shares one timer: a list has a clock in each row. */
class Clock {
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  now = Date.now();

  constructor(private readonly everyMs: number) {}

  listen(listener: () => void): () => void {
    this.now = Date.now();
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#tick(), this.everyMs);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #tick(): void {
    this.now = Date.now();
    for (const listener of this.#listeners) listener();
  }
}

const clocks = new Map<number, Clock>();

function clockOf(everyMs: number): Clock {
  const clock = clocks.get(everyMs) ?? new Clock(everyMs);
  clocks.set(everyMs, clock);
  return clock;
}

/** The present, again each `everyMs`. */
export function useNow(everyMs: number): number {
  const subscribe = useCallback((listener: () => void) => clockOf(everyMs).listen(listener), [everyMs]);
  return useSyncExternalStore(subscribe, () => clockOf(everyMs).now);
}
