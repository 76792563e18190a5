import type { BudgetLedger } from './budget-ledger.js';
import type { LookupRegister } from './lookup-register.js';

/** What windows bound, as one process of the data plane counts it. */
export interface Budgets {
  readonly ledger: BudgetLedger;
  readonly lookups: Pick<LookupRegister, 'exceeded' | 'add' | 'use'>;
}
