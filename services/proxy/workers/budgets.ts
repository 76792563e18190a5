import { join } from 'node:path';
import type { Clock } from '#kernel';
import type { BudgetWindow } from '#policy-engine';
import { LeasedLedger } from '../gate/budget/budget-lease.js';
import type { Budgets } from '../gate/budget/budgets.js';
import { BudgetState } from '../gate/budget/budget-state.file.js';
import type { LookupRegister } from '../gate/budget/lookup-register.js';
import type { Place } from './place.js';

export interface OpenBudgets extends Budgets {
  close(): Promise<void>;
}

export interface BudgetOptions {
  readonly dataDir: string;
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly log: (error: unknown) => void;
}

const sweepEveryMs = 1000;

/** The one file of a data plane: the process that lends, or the only one, keeps it. */
export function openBudgetState(
  { dataDir, ...options }: BudgetOptions,
  file = 'budgets.json',
): Promise<BudgetState> {
  return BudgetState.open({ path: join(dataDir, file), ...options });
}

/**
 * Alone, all is counted here. Among several, rows and bytes are lent by the gate's process; of the look-ups each has its
 * share, since which values were looked up can't be lent: it may stop early, never late.
 */
export async function openBudgets(place: Place, options: BudgetOptions): Promise<OpenBudgets> {
  const { lender, count, index } = place;
  if (!lender) return openBudgetState(options);
  const state = await openBudgetState(options, `budgets.${index + 1}.json`);
  const ledger = new LeasedLedger(lender, performance);
  const timer = setInterval(() => ledger.sweep(), sweepEveryMs).unref();
  return {
    ledger,
    lookups: shareOf(state.lookups, count),
    close: () => {
      clearInterval(timer);
      return state.close();
    },
  };
}

function shareOf(lookups: LookupRegister, count: number): Budgets['lookups'] {
  const sharesOf = (windows: readonly BudgetWindow[]) =>
    windows.map(({ amount, ms }) => ({ amount: Math.floor(amount / count), ms }));
  return {
    exceeded: (column, values, windows, now) => {
      const shares = sharesOf(windows);
      const reached = lookups.exceeded(column, values, shares, now);
      // The reason names the window that the policy has.
      return reached && windows[shares.indexOf(reached)];
    },
    use: (column, windows, now) => lookups.use(column, sharesOf(windows), now),
    add: (column, values, now) => lookups.add(column, values, now),
  };
}
