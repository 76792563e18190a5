import {
  ConnectionRegisteredSchema,
  ConnectionRemovedSchema,
  MaskingPublishedSchema,
  PoliciesPublishedSchema,
  payload,
  type Connection,
  type Envelope,
} from '#events';
import type { LoggedEvent } from '#event-log';
import type { PolicyFile } from '#policy-engine';
import { apart, type OnFoldError } from './fold.errors.js';
import { SeenEvents } from './seen-events.js';

/** Who may write a set. `house`: registered by Weirkeeper itself (the demo database); part of nobody's set. */
export type SetOwner = 'file' | 'api' | 'house';

export interface RegisteredConnection {
  readonly connection: Connection;
  readonly owner: SetOwner;
  /** Of the event by which it stands. */
  readonly eventId: string;
}

export interface PublishedPolicies {
  readonly version: string;
  readonly files: readonly PolicyFile[];
  readonly owner: SetOwner;
  /** Of the event that published it. */
  readonly eventId: string;
}

export interface PublishedMasking {
  readonly version: string;
  /** In the shape of masking.yaml. */
  readonly rulesJson: string;
  readonly owner: SetOwner;
}

export type PolicyChange =
  | { readonly set: 'connections'; readonly name: string }
  | { readonly set: 'policies' | 'masking'; readonly version: string };

/** What weir.policy.v1 says stands now, folded. Whether a set compiles is its reader's business. */
export class PolicyState {
  readonly #connections = new Map<string, RegisteredConnection>();
  readonly #seen = new SeenEvents();
  readonly #listeners = new Set<(change: PolicyChange) => void>();
  readonly #onError: OnFoldError;
  #policies: PublishedPolicies | undefined;
  #masking: PublishedMasking | undefined;

  /** `onError` hears of what listeners throw. */
  constructor(onError: OnFoldError) {
    this.#onError = onError;
  }

  get connections(): ReadonlyMap<string, RegisteredConnection> {
    return this.#connections;
  }

  get policies(): PublishedPolicies | undefined {
    return this.#policies;
  }

  get masking(): PublishedMasking | undefined {
    return this.#masking;
  }

  /**
   * Never throws. A repeated or undecodable event, one under another's key, or one that replaces what no longer stands,
   * changes nothing.
   */
  apply({ envelope, position }: LoggedEvent): void {
    if (this.#seen.repeats(envelope.id)) return;
    const change = this.#changed(envelope);
    this.#seen.add(envelope.id, change !== undefined);
    if (!change) return;
    for (const listener of this.#listeners)
      apart('a listener to policies', position, this.#onError, () => listener(change));
  }

  /** True once the event with this id was folded: how a retry is answered. Throws KEY_REUSED. */
  has(eventId: string): boolean {
    return this.#seen.has(eventId);
  }

  /** True where the event with this id was folded and changed nothing: another one came first. */
  ignored(eventId: string): boolean {
    return this.#seen.ignored(eventId);
  }

  /** Calls back after each change; returns what ends that. What a callback throws is told, no more. */
  onChange(listener: (change: PolicyChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #changed(envelope: Envelope): PolicyChange | undefined {
    try {
      return this.#registered(envelope) ?? this.#removed(envelope) ?? this.#published(envelope);
    } catch {
      return undefined; // bytes that do not decode; the audit service dead-letters them
    }
  }

  #registered(envelope: Envelope): PolicyChange | undefined {
    const event = payload(ConnectionRegisteredSchema, envelope);
    if (!event?.connection || event.connection.name !== envelope.subject) return undefined;
    const { connection } = event;
    const owner = ownerOf(event.owner);
    const standing = this.#connections.get(connection.name);
    if ((standing?.owner ?? owner) !== owner) return undefined; // a set has one owner: whoever came second changes nothing
    if (!fits(event, standing)) return undefined;
    this.#connections.set(connection.name, { connection, owner, eventId: envelope.id });
    return { set: 'connections', name: connection.name };
  }

  #removed(envelope: Envelope): PolicyChange | undefined {
    const event = payload(ConnectionRemovedSchema, envelope);
    if (!event || event.name !== envelope.subject) return undefined;
    const standing = this.#connections.get(event.name);
    if (!standing || !fits(event, standing)) return undefined;
    this.#connections.delete(event.name);
    return { set: 'connections', name: event.name };
  }

  #published(envelope: Envelope): PolicyChange | undefined {
    const policies = payload(PoliciesPublishedSchema, envelope);
    if (policies && envelope.subject === 'policies') {
      if (!fits(policies, this.#policies)) return undefined;
      const { version, files, owner } = policies;
      this.#policies = {
        version,
        files: files.map(({ name, text }) => ({ name, text })),
        owner: ownerOf(owner),
        eventId: envelope.id,
      };
      return { set: 'policies', version };
    }
    const masking = payload(MaskingPublishedSchema, envelope);
    if (!masking || envelope.subject !== 'masking') return undefined;
    const { version, rulesJson, owner } = masking;
    this.#masking = { version, rulesJson, owner: ownerOf(owner) };
    return { set: 'masking', version };
  }
}

/** The first of those that were decided on the same state counts, wherever they were decided. */
function fits(
  { replaces }: { readonly replaces?: string | undefined },
  standing: { readonly eventId: string } | undefined,
): boolean {
  return replaces === undefined || replaces === (standing?.eventId ?? '');
}

function ownerOf(text: string): SetOwner {
  return text === 'file' || text === 'house' ? text : 'api';
}
