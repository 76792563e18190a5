/** Milliseconds. */
const window = 60_000;

/**
 * How many refused sign-ins one writer records a minute: anybody may bring one about, and what is in the log stays there
 * and is read by every process that starts. What is above is counted, and in the process's own log at most.
 */
export class RefusalRate {
  #since = -Infinity;
  #taken = 0;
  #leftOut = 0;

  constructor(private readonly most = 60) {}

  /** The reason to record, which tells how many were left out since the last that was; undefined: this one is, too. */
  take(reason: string, now: number): string | undefined {
    if (now - this.#since >= window) [this.#since, this.#taken] = [now, 0];
    if (this.#taken >= this.most) return void this.#leftOut++;
    this.#taken++;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut === 0 ? reason : `${reason} (${leftOut} more before it were not recorded)`;
  }
}
