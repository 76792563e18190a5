import { strictest } from './policy.amounts.js';
import type { Demands } from './policy.annotations.js';
import type { Obligations } from './verdict.js';

const longestWaitMs = 60_000;

/** Nothing to approve: what an allow and a deny carry beside bounds. */
const none: Obligations = { approvers: [], quorum: 0, mode: 'wait', waitMs: 0, waitInTransaction: false };

/**
 * What several determining policies demand together, always the stricter: the smallest bound, the largest
 * quorum, every approver group, `retry` before `wait`, the shortest wait, waiting inside a transaction only if
 * all say so; the rest of a result may be asked for only if every policy that bounds it says so.
 */
export function mergeDemands(permits: readonly Demands[], approves: readonly Demands[]): Obligations {
  const all = [...permits, ...approves];
  return {
    ...(approves.length > 0 ? mergeApprovals(approves) : none),
    ...present({
      maxRows: smallest(all.map(({ maxRows }) => maxRows)),
      maxBytes: smallest(all.map(({ maxBytes }) => maxBytes)),
      maxRowsPer: strictest(all.map(({ maxRowsPer }) => maxRowsPer)),
      maxBytesPer: strictest(all.map(({ maxBytesPer }) => maxBytesPer)),
      maxLookupsPer: strictest(all.map(({ maxLookupsPer }) => maxLookupsPer)),
      lookupApprovers: groups(all.map(({ lookupApprovers }) => lookupApprovers)),
      notify: groups(all.map(({ notify }) => notify)),
      // What a person approved already is not asked for twice.
      onExcess: approves.length > 0 ? undefined : mergeExcess(permits),
    }),
  };
}

function mergeExcess(permits: readonly Demands[]): Obligations['onExcess'] {
  const bounding = permits.filter(isBounding);
  if (bounding.length === 0 || bounding.some(({ onExcess }) => onExcess === undefined)) return undefined;
  return {
    approvers: groups(bounding.map(({ approvers }) => approvers)) ?? [],
    quorum: Math.max(...bounding.map(({ quorum = 1 }) => quorum)),
  };
}

export function isBounding({ maxRows, maxBytes, maxRowsPer, maxBytesPer }: Demands): boolean {
  return [maxRows, maxBytes, maxRowsPer, maxBytesPer].some((bound) => bound !== undefined);
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

function groups(all: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const names = new Set(all.flatMap((each) => each ?? []));
  return names.size > 0 ? [...names] : undefined;
}

function present(
  fields: Partial<{ [K in keyof Obligations]: Obligations[K] | undefined }>,
): Partial<Obligations> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
