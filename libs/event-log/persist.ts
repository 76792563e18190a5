import { setTimeout as pause } from 'node:timers/promises';
import type { BatchHandler, LoggedEvent } from './port.js';

export interface HandlerFailure {
  readonly error: unknown;
  readonly attempt: number;
  readonly pauseMs: number;
  readonly first: LoggedEvent;
  readonly count: number;
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;

/**
 * Hands one batch over until the handler takes it: the same batch again after each failure, with pauses that
 * double from 50 ms to 5 s. False: stopped before it was taken.
 */
export async function persist(
  handle: BatchHandler,
  batch: readonly [LoggedEvent, ...LoggedEvent[]],
  stopped: AbortSignal,
  onFailure: (failure: HandlerFailure) => void,
  rest: (ms: number, stopped: AbortSignal) => Promise<void> = restOrStop,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    if (stopped.aborted) return false;
    try {
      await handle(batch);
      return true;
    } catch (error) {
      const pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs);
      onFailure({ error, attempt, pauseMs, first: batch[0], count: batch.length });
      await rest(pauseMs, stopped);
    }
  }
}

const restOrStop = (ms: number, signal: AbortSignal) => pause(ms, undefined, { signal }).catch(() => {});

/** One line on standard error: what failed, where, and when it is tried again. */
export function reportFailure({ error, attempt, pauseMs, first, count }: HandlerFailure): void {
  const { topic, partition, offset } = first.position;
  const where = `${count} event(s) of ${topic}/${partition} from ${offset}`;
  console.error(`event log: handler failed on ${where} (attempt ${attempt}, again in ${pauseMs} ms)`, error);
}
