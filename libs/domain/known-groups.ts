import { PageSessionRefreshedSchema, PageSessionStartedSchema, payload } from '#events';
import type { LoggedEvent } from '#event-log';
import type { Principal } from '#kernel';
import { fromWirePrincipal } from './principal.js';

/** Persons who signed in on a page; beyond so many, those of whom nothing was heard for longest are forgotten. */
const mostPersons = 100_000;

/**
 * The newest groups of each person that weir.identity.v1 tells: what a provider said at the last sign-in or refresh of
 * any page session of theirs. A fold: reads no clock, and every replica knows the same.
 */
export class KnownGroups {
  readonly #groups = new Map<string, readonly string[]>();
  readonly #most: number;

  constructor(most = mostPersons) {
    this.#most = most;
  }

  /** Never throws; what is about nobody changes nothing. */
  apply({ envelope }: LoggedEvent): void {
    const principal = principalIn(envelope);
    if (!principal) return;
    this.#groups.delete(principal.id);
    // An agent decides nothing, whatever groups it has beside.
    this.#groups.set(principal.id, principal.kind === 'agent' ? [] : principal.groups);
    for (const id of this.#groups.keys()) {
      if (this.#groups.size <= this.#most) break;
      this.#groups.delete(id);
    }
  }

  /** Undefined: never signed in on a page, so that nothing is known beside what a token says. */
  of(principalId: string): readonly string[] | undefined {
    return this.#groups.get(principalId);
  }

  /** The principal with those of its groups only that are not known to be gone. */
  narrowed(principal: Principal): Principal {
    const known = this.of(principal.id);
    if (!known) return principal;
    return { ...principal, groups: principal.groups.filter((group) => known.includes(group)) };
  }
}

function principalIn(envelope: LoggedEvent['envelope']): Principal | undefined {
  try {
    const started = payload(PageSessionStartedSchema, envelope);
    const message = started ?? payload(PageSessionRefreshedSchema, envelope);
    return fromWirePrincipal(message?.principal);
  } catch {
    return undefined; // the audit service dead-letters it
  }
}
