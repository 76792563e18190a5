import type { Principal } from '#kernel';
import type { PageSession } from './page-session.js';
import type { PageSessionBook } from './page-session.book.js';

/** Persons who signed in on a page; beyond so many, those of whom nothing was heard for longest are forgotten. */
const mostPersons = 100_000;

interface Reading {
  readonly principal: Principal;
  readonly at: number;
}

/**
 * What was read last of each person: what a provider said at the newest sign-in or refresh of any page session of
 * theirs that was not over then. It hears of page sessions by their book, so that every replica knows the same.
 */
export class KnownGroups {
  readonly #readings = new Map<string, Reading>();
  readonly #most: number;

  constructor(sessions: Pick<PageSessionBook, 'onEveryChange'>, most = mostPersons) {
    this.#most = most;
    sessions.onEveryChange((after, before) => {
      if (after.principal !== before?.principal) this.#hear(after);
    });
  }

  /**
   * What was read of a principal later than `at` (milliseconds, or at the same instant: in doubt the log's word counts).
   * Undefined: nothing newer is known.
   */
  since(principalId: string, at: number): Principal | undefined {
    const reading = this.#readings.get(principalId);
    return reading && at <= reading.at ? reading.principal : undefined;
  }

  /**
   * The principal that a credential names, with those of its groups only that no newer reading lacks. A reading only
   * takes away: it makes nobody a person, and gives nobody a group. `saidAt`: when the provider said so.
   */
  narrowed(principal: Principal, saidAt: number): Principal {
    const newer = this.since(principal.id, saidAt);
    if (!newer) return principal;
    const groups = principal.groups.filter((group) => newer.groups.includes(group));
    return { ...principal, kind: newer.kind === 'agent' ? 'agent' : principal.kind, groups };
  }

  #hear({ principal, readAt: at }: PageSession): void {
    const { id } = principal;
    const before = this.#readings.get(id)?.at ?? at;
    this.#readings.delete(id);
    this.#readings.set(id, { principal, at: Math.max(at, before) });
    for (const oldest of this.#readings.keys()) {
      if (this.#readings.size <= this.#most) break;
      this.#readings.delete(oldest);
    }
  }
}
