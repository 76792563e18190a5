import type { Journal } from '../journal/index.js';

export interface CommitWaiter {
  /** The commit has begun and will take a while (strict mode): what is recorded from here on is not part of it. */
  waiting(): void;
  /** All that was recorded before is safe; or it is not, and nothing may go on. */
  done(error?: unknown): void;
}

/**
 * Group commit: what all sessions recorded in one turn of the event loop is written to the journal once, and only
 * then does what waits for it go out. The turn ends with the check phase, right after all readable sockets were
 * handled, so nobody waits for a timer.
 */
export class CommitGroup {
  private waiters: CommitWaiter[] = [];
  private readonly run = () => this.commit();

  constructor(private readonly journal: Pick<Journal, 'commit'>) {}

  whenSafe(waiter: CommitWaiter): void {
    if (this.waiters.push(waiter) === 1) setImmediate(this.run);
  }

  private commit(): void {
    const waiters = this.waiters;
    this.waiters = [];
    let writing: Promise<void> | undefined;
    try {
      writing = this.journal.commit();
    } catch (error) {
      return settle(waiters, error);
    }
    if (writing === undefined) return settle(waiters);
    for (const waiter of waiters) waiter.waiting();
    writing.then(
      () => settle(waiters),
      (error: unknown) => settle(waiters, error),
    );
  }
}

function settle(waiters: readonly CommitWaiter[], error?: unknown): void {
  for (const waiter of waiters) {
    try {
      waiter.done(error);
    } catch (failure) {
      // One session's trouble is not the others'; and it must not be lost with this turn.
      queueMicrotask(() => waiter.done(failure));
    }
  }
}
