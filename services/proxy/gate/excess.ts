import type { BudgetWindow, Obligations } from '#policy-engine';
import { decidedAs } from './execution-check.js';
import type { Judgement } from './gate.js';

/** How much more than its bound a person may let one execution read. */
const times = 10;

/**
 * What a person is asked for when a budget stopped a read: the same text with ten times its bounds, once. What windows
 * bound is then bound for this execution alone, and does not count in them.
 */
export function beyondBudget(judgement: Judgement): Judgement | undefined {
  const { verdict } = judgement;
  const { onExcess, ...rest } = verdict.obligations;
  if (!onExcess || verdict.decision !== 'allow') return undefined;
  const known = kept.get(judgement);
  if (known) return known;
  const maxRows = larger(rest.maxRows, rest.maxRowsPer);
  const maxBytes = larger(rest.maxBytes, rest.maxBytesPer);
  const { maxRowsPer: _, maxBytesPer: __, ...unbound } = rest;
  const obligations: Obligations = {
    ...unbound,
    ...onExcess,
    ...{ mode: 'retry', waitMs: 0, waitInTransaction: false },
    ...(maxRows !== undefined && { maxRows }),
    ...(maxBytes !== undefined && { maxBytes }),
  };
  const bounds = [maxRows && `${maxRows} rows`, maxBytes && `${maxBytes} bytes`]
    .filter(Boolean)
    .join(' and ');
  const reason = `its result is larger than its budget; approved, it may give up to ${bounds}`;
  const beyond = {
    ...decidedAs(judgement, { ...verdict, decision: 'hold', reason, obligations }),
    excess: true,
  };
  kept.set(judgement, beyond);
  return beyond;
}

const kept = new WeakMap<Judgement, Judgement>();

function larger(amount: number | undefined, windows: readonly BudgetWindow[] = []): number | undefined {
  const least = Math.min(amount ?? Infinity, ...windows.map((window) => window.amount));
  return least === Infinity ? undefined : Math.min(least * times, Number.MAX_SAFE_INTEGER);
}
