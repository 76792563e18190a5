/** Milliseconds. */
const window = 60_000;

/**
 * How many refused sign-ins a process records a minute: anybody may bring one about, and what is in the log stays there
 * and is read by every process that starts. What is above is in the process's own log only.
 */
export class RefusalRate {
  #since = -Infinity;
  #taken = 0;

  constructor(private readonly most = 60) {}

  take(now: number): boolean {
    if (now - this.#since >= window) [this.#since, this.#taken] = [now, 0];
    if (this.#taken >= this.most) return false;
    this.#taken++;
    return true;
  }
}
