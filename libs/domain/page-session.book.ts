import type { IdentityEvent, IdentityFold } from './identity.events.js';
import type { PageSession } from './page-session.js';
import { evolvePageSession } from './page-session.evolve.js';

/** After so many events, what is over is forgotten. */
const forgetEvery = 1_000;

/** `before`: undefined where it has just begun. */
export type PageSessionListener = (after: PageSession, before: PageSession | undefined) => void;

/** All page sessions of weir.identity.v1, folded. Reads no clock but the log's. */
export class PageSessionBook implements IdentityFold {
  readonly #sessions = new Map<string, PageSession>();
  readonly #bySecret = new Map<string, string>();
  readonly #listeners = new Set<PageSessionListener>();
  #sinceForgotten = 0;

  /** Never throws. An event that says nothing new or is not valid changes nothing and calls nobody. */
  apply(event: IdentityEvent): void {
    if (event.type === 'SamlAssertionTaken') return;
    const { pageSessionId: id } = event.data;
    if (id === '') return;
    const before = this.#sessions.get(id);
    const after = evolvePageSession(before, event);
    if (!after || after === before) return;
    // A secret belongs to the session that was there first.
    if (!before && this.#bySecret.has(after.secretHash)) return;
    this.#sessions.set(id, after);
    this.#bySecret.set(after.secretHash, id);
    this.#forget(event.at);
    this.#tell(after, before);
  }

  get(id: string): PageSession | undefined {
    return this.#sessions.get(id);
  }

  /** By the SHA-256 of the cookie's secret, hexadecimal; ended ones too, until their absolute limit. */
  bySecretHash(hash: string): PageSession | undefined {
    const id = this.#bySecret.get(hash);
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  all(): PageSession[] {
    return [...this.#sessions.values()];
  }

  /** Calls back after each change, in the order of these calls; returns what ends that. What is thrown is dropped. */
  onEveryChange(listener: PageSessionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(after: PageSession, before: PageSession | undefined): void {
    for (const listener of this.#listeners) {
      try {
        listener(after, before);
      } catch {
        // A listener's trouble must not make this fold differ from its replicas'.
      }
    }
  }

  /** One past its absolute limit can't come back, so nothing need be remembered of it. */
  #forget(now: number): void {
    if (++this.#sinceForgotten < forgetEvery) return;
    this.#sinceForgotten = 0;
    for (const { id, secretHash, endsAt } of this.#sessions.values()) {
      if (now < endsAt) continue;
      this.#sessions.delete(id);
      this.#bySecret.delete(secretHash);
    }
  }
}
