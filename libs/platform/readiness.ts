import { Logger } from '@nestjs/common';

/** What must hold before this process takes work. Rooms add their checks; `/readyz` runs them. */
export class Readiness {
  readonly #checks = new Map<string, () => boolean | Promise<boolean>>();
  readonly #ends: (() => Promise<void>)[] = [];
  #isLeaving = false;

  add(name: string, check: () => boolean | Promise<boolean>): void {
    this.#checks.set(name, check);
  }

  /** What is under way here and must come to its end before anything is taken down. */
  onLeave(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /**
   * The first step of a shutdown: from now on it takes no work and says so, that whoever balances goes elsewhere. Resolves when
   * what was under way is over; until then everything else is there as it was. What fails of it is logged: the rest of the
   * shutdown takes place all the same.
   */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    const ends = await Promise.allSettled(this.#ends.map(async (end) => end()));
    for (const end of ends) if (end.status === 'rejected') logFailure(end.reason);
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

function logFailure(error: unknown): void {
  new Logger('shutdown').error({ message: 'what was under way did not come to its end', error });
}

async function holds(check: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch {
    return false;
  }
}
