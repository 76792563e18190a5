/** What must hold before this process takes work. Rooms add their checks; `/readyz` runs them. */
export class Readiness {
  readonly #checks = new Map<string, () => boolean | Promise<boolean>>();
  #isLeaving = false;

  add(name: string, check: () => boolean | Promise<boolean>): void {
    this.#checks.set(name, check);
  }

  /** From now on it takes no work, and says so: first of all that a shutdown does, so that whoever balances goes elsewhere. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** The names of the checks that do not hold now; a check that throws does not hold. */
  async failing(): Promise<string[]> {
    const results = await Promise.all(
      [...this.#checks].map(async ([name, check]) => ((await holds(check)) ? undefined : name)),
    );
    const failing = results.filter((name) => name !== undefined);
    return this.#isLeaving ? ['shutting down', ...failing] : failing;
  }
}

async function holds(check: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch {
    return false;
  }
}
