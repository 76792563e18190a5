import type { Principal } from '#kernel';
import type { SqlAction } from '#statement';
import type { BudgetWindow } from './policy.amounts.js';

export type { BudgetWindow } from './policy.amounts.js';

export interface ConnectionRef {
  readonly name: string;
  readonly protocol: string;
  readonly owner: string;
}

/** One (action, resource) pair with its names resolved. No relation: the connection is the resource. */
export interface ResolvedAccess {
  readonly action: SqlAction;
  readonly relation?: { readonly schema: string; readonly name: string };
  readonly columns: readonly string[];
  readonly where?: 'none' | 'constant' | 'present';
}

/** What a policy may read beside principal, action and resource. Volatile values come as coarse steps only. */
export interface DecisionContext {
  /** UTC hour 0-23 and ISO weekday 1-7. */
  readonly hour: number;
  readonly weekday: number;
  readonly kinds: readonly string[];
  readonly functions: readonly string[];
  readonly hasLimit: boolean;
  readonly multiStatement: boolean;
  readonly inTransaction: boolean;
  /** SELECT … FOR UPDATE, FOR SHARE: a read that locks rows. */
  readonly locksRows: boolean;
  /** none, watch or high; from findings, when their issue comes. */
  readonly risk: 'none' | 'watch' | 'high';
}

export interface DecisionRequest {
  readonly principal: Principal;
  readonly connection: ConnectionRef;
  readonly accesses: readonly ResolvedAccess[];
  readonly context: DecisionContext;
}

/** What a decision demands. Of several policies: the smallest bound, the largest quorum, every approver group. */
export interface Obligations {
  readonly maxRows?: number;
  readonly maxBytes?: number;
  /** Sliding windows over all that the identity reads on the connection; absent: none bounds it. */
  readonly maxRowsPer?: readonly BudgetWindow[];
  readonly maxBytesPer?: readonly BudgetWindow[];
  /** Distinct values that may be looked up in one masked column; absent: the gate's own default. */
  readonly maxLookupsPer?: readonly BudgetWindow[];
  /** Who may approve look-ups beyond that; empty: they are refused. */
  readonly lookupApprovers?: readonly string[];
  /** `@reason` of the policies that bound it, for who reaches a bound; absent: they gave none. */
  readonly boundReason?: string;
  /** Who may let the rest of a result through that a bound stopped; absent: it just stops. */
  readonly onExcess?: { readonly approvers: readonly string[]; readonly quorum: number };
  /** Groups to tell that it happened. */
  readonly notify?: readonly string[];
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly mode: 'wait' | 'retry';
  /** How long `wait` pauses before it becomes `retry`. Milliseconds. */
  readonly waitMs: number;
  readonly waitInTransaction: boolean;
}

export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'hold';
  /** For the client: one sentence; `@reason` of the determining policy where it has one. */
  readonly reason: string;
  readonly policyIds: readonly string[];
  readonly obligations: Obligations;
  /** The snapshot's version. */
  readonly snapshot: string;
}

export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

/** A compiled policy set. Pure; any evaluation error is a denial. */
export interface PolicySnapshot {
  readonly version: string;
  /** The context attributes that its policies read: with principal, connection and accesses, the key of a verdict. */
  readonly contextRead: ReadonlySet<keyof DecisionContext>;
  /** What looks wrong in the policies but may be meant: one line per finding, in the form of its errors. */
  readonly warnings: readonly string[];
  /** Verdicts answered from the snapshot's own cache, and those evaluated. */
  readonly cacheCounts: { readonly hits: number; readonly misses: number };
  decide(request: DecisionRequest): Verdict;
  /** The data classes that this principal may read in the clear on this connection. */
  reveals(principal: Principal, connection: ConnectionRef, classes: readonly string[]): ReadonlySet<string>;
}
