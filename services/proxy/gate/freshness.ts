import { AppError } from '#kernel';

export interface FreshnessOptions {
  /** How old what this process knows of the log may be. Milliseconds. */
  readonly maxMs: number;
  /** How old it is now, by its stalest reader (of policies, of approvals, of findings, of commands), or since it takes nothing from here. */
  readonly age: () => number;
}

/**
 * Whether this process would know of a revocation (invariant 9). Past the limit it may be deciding on what no longer holds:
 * then nobody new is let in and nothing sensitive is touched, until the log answers again.
 */
export class Freshness {
  constructor(private readonly options: FreshnessOptions) {}

  get holds(): boolean {
    return this.options.age() <= this.options.maxMs;
  }

  /** Throws STALE_SNAPSHOT. */
  demand(): void {
    if (!this.holds) throw this.refusal('new sessions are not taken');
  }

  /** STALE_SNAPSHOT for what touches sensitive columns; undefined: it may go on. */
  objection(touchesSensitive: boolean): AppError | undefined {
    if (!touchesSensitive || this.holds) return undefined;
    return this.refusal('masked tables are not touched');
  }

  private refusal(what: string): AppError {
    const { age, maxMs } = this.options;
    const ms = age();
    const since = Number.isFinite(ms) ? `for ${Math.round(ms / 1000)} s` : 'yet';
    return new AppError(
      'STALE_SNAPSHOT',
      `the event log has not answered ${since}, and policies or a revocation may have changed since: ${what}`,
      {
        hint: `it goes on by itself once the log answers; past ${maxMs / 1000} s what is known counts as stale`,
      },
    );
  }
}
