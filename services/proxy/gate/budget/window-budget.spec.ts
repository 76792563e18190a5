import { describe, expect, test } from 'vitest';
import { ManualClock } from '#kernel';
import type { Obligations } from '#policy-engine';
import { BudgetLessor, LeasedLedger } from './budget-lease.js';
import { LocalLedger, type Bound } from './budget-ledger.js';
import { windowBudget } from './window-budget.js';

const none: Obligations = { approvers: [], quorum: 0, mode: 'wait', waitMs: 0, waitInTransaction: false };
const who = { identity: 'corp:bot', connection: 'orders' };
const hour = 3_600_000;

describe('what windows let through', () => {
  test('nothing to ask where there is none', () => {
    const clock = new ManualClock();
    expect(windowBudget({ ...none, maxRows: 5 }, who, new LocalLedger(), clock)).toBeUndefined();
  });

  test('is one amount for all sessions of an identity on a connection', () => {
    const [clock, ledger] = [new ManualClock(), new LocalLedger()];
    const obligations = { ...none, maxRowsPer: [{ amount: 10, ms: hour }] };
    const one = windowBudget(obligations, who, ledger, clock)!;
    const two = windowBudget(obligations, who, ledger, clock)!;
    const other = windowBudget(obligations, { ...who, connection: 'reports' }, ledger, clock)!;
    one.spent(7, 900);
    expect([one.rowsLeft(), two.rowsLeft(), other.rowsLeft()]).toEqual([3, 3, 10]);
    expect(two.bytesLeft()).toBe(Infinity);
    expect(two.more(4, 0)).toBeUndefined();
  });

  test('waits for a slice where another process counts, and ends when there is none', async () => {
    const [clock, counting] = [new ManualClock(), new LocalLedger()];
    const lessor = new BudgetLessor(counting);
    const port = {
      lease: async (bounds: readonly Bound[], wanted: number) => lessor.lease(bounds, wanted, clock.now()),
      giveBack: () => undefined,
    };
    const ledger = new LeasedLedger(port, clock);
    const obligations = {
      ...none,
      maxRowsPer: [{ amount: 10, ms: hour }],
      maxBytesPer: [{ amount: 1000, ms: hour }],
    };
    const budget = windowBudget(obligations, who, ledger, clock)!;
    let sent = 0;
    for (;;) {
      const rows = Math.min(4, budget.rowsLeft());
      budget.spent(rows, rows * 10);
      sent += rows;
      if (rows === 4) continue;
      const more = budget.more(4, 40);
      if (!more) break;
      await more;
    }
    expect(sent).toBe(10);
    expect(budget.refusal(false).message).toContain('the budget of 10 rows in 1 h is reached');
  });

  test('ends with a reason and the time at which it opens again', () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
    const obligations = {
      ...none,
      maxRowsPer: [
        { amount: 100, ms: 900_000 },
        { amount: 10, ms: hour },
      ],
      maxBytesPer: [{ amount: 50, ms: 86_400_000 }],
    };
    const budget = windowBudget(obligations, who, new LocalLedger(), clock)!;
    budget.spent(10, 10);
    expect(budget.refusal(false)).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      message: 'the budget of 10 rows in 1 h is reached; it opens again from 2026-01-01T13:01:00Z on',
    });
    clock.advance(2 * hour);
    budget.spent(1, 40);
    expect(budget.refusal(true).message).toMatch(
      /^the statement was executed; the budget of 50 bytes in 1 d is reached, so its result is cut; it opens/,
    );
  });
});
