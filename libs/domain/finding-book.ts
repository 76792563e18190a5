import type { LoggedEvent } from '#event-log';
import { apart, type OnFoldError } from './fold.errors.js';
import { FindingAccount } from './finding-account.js';
import { fromLoggedFinding, noIdentity, type FindingEvent } from './finding.events.js';
import {
  calm,
  stricter,
  worseRisk,
  type Finding,
  type Quarantine,
  type Risk,
  type Standing,
  type Suspect,
} from './finding.js';
import { incidentsOf, type Incident } from './incidents.js';
import { SeenEvents } from './seen-events.js';

/** After so many events what is over is forgotten. */
const forgetEvery = 1_000;

/** `identity`: whom it is about; empty: nobody. */
export type FindingListener = (identity: string) => void;

/**
 * weir.finding.v1, folded: what is known of findings, and what follows from them for an identity. What it knows of one is bounded
 * (finding-account.ts); the store has all.
 */
export class FindingBook {
  /** By the topic's key. */
  readonly #accounts = new Map<string, FindingAccount>();
  readonly #seen = new SeenEvents();
  readonly #listeners = new Set<FindingListener>();
  readonly #onError: OnFoldError;
  #sinceForgotten = 0;

  /** `onError` hears of what listeners throw. */
  constructor(onError: OnFoldError) {
    this.#onError = onError;
  }

  /** Never throws. An event that says nothing new or is not valid changes nothing and calls nobody. */
  apply(logged: LoggedEvent): void {
    const event = fromLoggedFinding(logged);
    if (!event || this.#seen.repeats(event.eventId)) return;
    this.#seen.add(event.eventId);
    this.#forget(event.at);
    if (!this.#changed(event)) return;
    const identity = event.key === noIdentity ? '' : event.key;
    for (const listener of this.#listeners)
      apart('a listener to findings', event.position, this.#onError, () => listener(identity));
  }

  /** True once the event with this id was folded: how a retry is answered. Throws KEY_REUSED. */
  has(eventId: string): boolean {
    return this.#seen.has(eventId);
  }

  /** `now`: milliseconds; by the reader's clock. */
  riskOf(identity: string, now: number): Risk {
    return this.#accounts.get(identity)?.risk(now) ?? 'none';
  }

  quarantineOf(identity: string): Quarantine | undefined {
    return this.#accounts.get(identity)?.quarantine;
  }

  /** True: something of it is remembered. */
  knows(identity: string): boolean {
    return this.#accounts.has(identity);
  }

  /** The persons in whose name it was seen to act. */
  principalsOf(identity: string): ReadonlySet<string> {
    return this.#accounts.get(identity)?.principals ?? new Set();
  }

  /** The worse of both whom a principal stands for. */
  standingOf({ id, onBehalfOf }: Suspect, now: number): Standing {
    if (this.#accounts.size === 0) return calm;
    const own = this.#standing(id, now);
    if (onBehalfOf === undefined || onBehalfOf === id) return own;
    const person = this.#standing(onBehalfOf, now);
    if (person === calm) return own;
    return {
      risk: worseRisk(own.risk, person.risk),
      quarantine: stricter(own.quarantine, person.quarantine),
    };
  }

  /** Those of all identities that stand, the oldest first. */
  quarantines(): Quarantine[] {
    const standing = [...this.#accounts.values()].flatMap(({ quarantine }) => quarantine ?? []);
    return standing.sort((a, b) => a.since - b.since);
  }

  /** Undefined: there is none, or it is known no longer. `identity`: empty for one that is about nobody. */
  get(identity: string, id: string): Finding | undefined {
    return this.#accounts.get(identity || noIdentity)?.findings.get(id);
  }

  /** All that are known. */
  *all(): Iterable<Finding> {
    for (const { findings } of this.#accounts.values()) yield* findings.values();
  }

  incidents(identity: string): Incident[] {
    return incidentsOf([...(this.#accounts.get(identity || noIdentity)?.findings.values() ?? [])]);
  }

  /** Calls back after each change; returns what ends that. What is thrown is told, no more. */
  onChange(listener: FindingListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #standing(identity: string, now: number): Standing {
    const account = this.#accounts.get(identity);
    if (!account) return calm;
    return { risk: account.risk(now), quarantine: account.quarantine };
  }

  #changed(event: FindingEvent): boolean {
    const known = this.#accounts.get(event.key);
    const account = known ?? new FindingAccount();
    if (!changes(account, event)) return false;
    if (!known) this.#accounts.set(event.key, account);
    return true;
  }

  #forget(at: number): void {
    if (++this.#sinceForgotten < forgetEvery) return;
    this.#sinceForgotten = 0;
    for (const [key, account] of this.#accounts) {
      account.forget(at);
      if (account.isOver(at)) this.#accounts.delete(key);
    }
  }
}

function changes(account: FindingAccount, event: FindingEvent): boolean {
  switch (event.type) {
    case 'FindingRaised':
      return account.raise(event);
    case 'FindingTriaged':
      return account.triage(event);
    case 'QuarantineSet':
      return account.set(event);
    case 'QuarantineLifted':
      return account.lift();
  }
}
