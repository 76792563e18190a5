import type { Demands } from './policy.annotations.js';
import type { Obligations } from './verdict.js';

const longestWaitMs = 60_000;

/** Nothing to approve: what an allow and a deny carry beside bounds. */
const none: Obligations = { approvers: [], quorum: 0, mode: 'wait', waitMs: 0, waitInTransaction: false };

/**
 * What several determining policies demand together, always the stricter: the smallest bound, the largest
 * quorum, every approver group, `retry` before `wait`, the shortest wait, waiting inside a transaction only if
 * all say so.
 */
export function mergeDemands(permits: readonly Demands[], approves: readonly Demands[]): Obligations {
  const all = [...permits, ...approves];
  const maxRows = smallest(all.map((demands) => demands.maxRows));
  const maxBytes = smallest(all.map((demands) => demands.maxBytes));
  return {
    ...(approves.length > 0 ? mergeApprovals(approves) : none),
    ...(maxRows !== undefined && { maxRows }),
    ...(maxBytes !== undefined && { maxBytes }),
  };
}

function mergeApprovals(approves: readonly Demands[]): Obligations {
  return {
    approvers: [...new Set(approves.flatMap(({ approvers = [] }) => approvers))],
    quorum: Math.max(...approves.map(({ quorum = 1 }) => quorum)),
    mode: approves.some(({ mode }) => mode === 'retry') ? 'retry' : 'wait',
    waitMs: Math.min(...approves.map(({ waitMs = longestWaitMs }) => waitMs)),
    waitInTransaction: approves.every(({ waitInTransaction }) => waitInTransaction === true),
  };
}

function smallest(bounds: readonly (number | undefined)[]): number | undefined {
  const set = bounds.filter((bound) => bound !== undefined);
  return set.length > 0 ? Math.min(...set) : undefined;
}
