import type { LoggedEvent, Position } from '#event-log';
import type { Principal } from '#kernel';
import {
  grantExpiresAt,
  isClosed,
  type Approval,
  type ApprovalStatus,
  type OpenedApproval,
} from './approval.js';
import { approval as decider } from './approval.decider.js';
import { fromLogged } from './approval.events.js';
import { apart, type OnFoldError } from './fold.errors.js';

export interface ApprovalBookOptions {
  /** Hears of what listeners throw. */
  readonly onError: OnFoldError;
  /** Closed requests that stay readable; older ones are only counted. Default 10,000. */
  readonly keepClosed?: number;
}

export type ApprovalListener = (approval: OpenedApproval) => void;

/** All requests of weir.approval.v1, folded. Reads no clock. */
export class ApprovalBook {
  readonly #approvals = new Map<string, OpenedApproval>();
  readonly #pending = new Map<string, OpenedApproval>();
  readonly #grants = new Map<string, Map<string, OpenedApproval>>();
  /** Ids of closed requests, oldest first. */
  readonly #closed = new Set<string>();
  readonly #counts: Record<ApprovalStatus, number> = {
    ...{ pending: 0, approved: 0, denied: 0 },
    ...{ expired: 0, withdrawn: 0, consumed: 0 },
  };
  readonly #listeners = new Map<string, Set<ApprovalListener>>();
  readonly #everyListener = new Set<ApprovalListener>();
  readonly #keepClosed: number;
  readonly #onError: OnFoldError;

  /** Approvals that were given and not used yet. */
  readonly grants = {
    /** The oldest grant for exactly this by exactly this requester that may still be used at `now`. */
    find: (binding: Buffer, requester: Pick<Principal, 'id' | 'onBehalfOf'>, now: number) =>
      this.#findGrant(binding, requester, now),
  };

  constructor({ keepClosed = 10_000, onError }: ApprovalBookOptions) {
    this.#onError = onError;
    this.#keepClosed = keepClosed;
  }

  /** Never throws. An event that says nothing new or is not valid changes nothing and calls nobody. */
  apply(logged: LoggedEvent): void {
    const event = fromLogged(logged);
    if (!event) return;
    const before: Approval = this.#approvals.get(event.data.approvalId) ?? decider.initialState();
    const after = decider.evolve(before, event);
    if (after === before || after.status === 'none') return;
    this.#replace(before, after);
    this.#forget(logged.appendedAt);
    this.#tell(after, logged.position);
  }

  get(id: string): OpenedApproval | undefined {
    return this.#approvals.get(id);
  }

  /** Oldest first. One past its expiry stays here until the log says `expired`. */
  pending(): OpenedApproval[] {
    return [...this.#pending.values()];
  }

  /** All that are still readable, oldest first. */
  all(): OpenedApproval[] {
    return [...this.#approvals.values()];
  }

  /** Approved and not used, oldest first. */
  approved(): OpenedApproval[] {
    return [...this.#grants.values()].flatMap((grants) => [...grants.values()]);
  }

  /** How many requests stand in each status, those no longer readable included. */
  counts(): Readonly<Record<ApprovalStatus, number>> {
    return { ...this.#counts };
  }

  /** Calls back after each change of this request; returns what ends that. What a callback throws is told, no more. */
  onChange(id: string, listener: ApprovalListener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  /** The same for every request. */
  onEveryChange(listener: ApprovalListener): () => void {
    this.#everyListener.add(listener);
    return () => void this.#everyListener.delete(listener);
  }

  #findGrant(
    binding: Buffer,
    requester: Pick<Principal, 'id' | 'onBehalfOf'>,
    now: number,
  ): OpenedApproval | undefined {
    const grants = this.#grants.get(grantKey(binding, requester));
    return [...(grants?.values() ?? [])].find((grant) => now < grantExpiresAt(grant));
  }

  #replace(before: Approval, after: OpenedApproval): void {
    const { id } = after.request;
    this.#approvals.set(id, after);
    if (before.status !== 'none') this.#counts[before.status]--;
    this.#counts[after.status]++;
    if (after.status === 'pending') this.#pending.set(id, after);
    else this.#pending.delete(id);
    this.#indexGrant(after);
    if (isClosed(after)) this.#closed.add(id);
  }

  #indexGrant(after: OpenedApproval): void {
    const key = grantKey(after.request.binding, after.request.requester);
    const grants = this.#grants.get(key) ?? new Map<string, OpenedApproval>();
    if (after.status === 'approved') this.#grants.set(key, grants.set(after.request.id, after));
    else if (grants.delete(after.request.id) && grants.size === 0) this.#grants.delete(key);
  }

  /**
   * Drops the oldest closed ones, but none before its own expiry: until then a late repetition of its
   * `requested` would open it anew, afterwards the fold ignores that as expired.
   */
  #forget(logTime: number): void {
    for (const id of this.#closed) {
      if (this.#closed.size <= this.#keepClosed) return;
      if (logTime < (this.#approvals.get(id)?.request.expiresAt ?? 0)) return;
      this.#closed.delete(id);
      this.#approvals.delete(id);
    }
  }

  #tell(after: OpenedApproval, at: Position): void {
    const listeners = [...(this.#listeners.get(after.request.id) ?? []), ...this.#everyListener];
    for (const listener of listeners)
      apart('a listener to requests', at, this.#onError, () => listener(after));
  }
}

function grantKey(binding: Buffer, { id, onBehalfOf }: Pick<Principal, 'id' | 'onBehalfOf'>): string {
  return JSON.stringify([binding.toString('base64'), id, onBehalfOf]);
}
