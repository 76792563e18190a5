import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LocalLedger, type Bound } from './budget-ledger.js';

const bound = (amount: number, ms: number, key = 'bot on orders'): Bound => ({ key, amount, ms });
const hour = 3_600_000;

/** The most that was let through in any stretch of `ms`. */
function busiest(spent: readonly { at: number; amount: number }[], ms: number): number {
  const from = (start: number) =>
    spent.filter(({ at }) => at >= start && at < start + ms).reduce((sum, { amount }) => sum + amount, 0);
  return Math.max(0, ...spent.map(({ at }) => from(at)));
}

describe('a ledger of this process', () => {
  test('lets through as much as the smallest bound', () => {
    const ledger = new LocalLedger();
    const bounds = [bound(10, 60_000), bound(25, hour)];
    ledger.spend(bounds, 10, 1000);
    expect(ledger.left(bounds, 2000)).toBe(0);
    expect(ledger.left(bounds, 63_000)).toBe(10);
    ledger.spend(bounds, 10, 63_000);
    expect(ledger.left(bounds, 130_000)).toBe(5);
  });

  test('counts all bounds of one key and length together, other keys apart', () => {
    const ledger = new LocalLedger();
    ledger.spend([bound(100, hour)], 60, 0);
    expect(ledger.left([bound(50, hour)], 1)).toBe(0);
    expect(ledger.left([bound(100, hour, 'ana on orders')], 1)).toBe(100);
  });

  test('says when it opens: not before, and not much later', () => {
    const ledger = new LocalLedger();
    ledger.spend([bound(10, hour)], 4, 0);
    ledger.spend([bound(10, hour)], 6, hour / 2);
    const opens = ledger.opensAt([bound(10, hour)], hour / 2 + 1);
    expect(ledger.left([bound(10, hour)], opens - 1)).toBe(0);
    expect(ledger.left([bound(10, hour)], opens)).toBe(4);
    expect(opens).toBeLessThanOrEqual(hour * (1 + 1 / 60));
  });

  test('a clock that is set back opens nothing', () => {
    const ledger = new LocalLedger();
    ledger.spend([bound(10, hour)], 10, 10 * hour);
    expect(ledger.left([bound(10, hour)], 0)).toBe(0);
    expect(ledger.left([bound(10, hour)], 8 * hour)).toBe(0);
  });

  test('goes on where another one of the same state stopped', () => {
    const before = new LocalLedger();
    before.spend([bound(10, hour)], 7, 1000);
    const after = new LocalLedger();
    after.restore(JSON.parse(JSON.stringify(before.state(2000))));
    expect(after.left([bound(10, hour)], 2000)).toBe(3);
    expect(after.left([bound(10, hour)], 2 * hour)).toBe(10);
  });

  test('keeps a bounded number of meters, and lets nothing through when none is free', () => {
    const ledger = new LocalLedger();
    for (let i = 0; i < 50_000; i++) ledger.spend([bound(1, hour, `k${i}`)], 1, 0);
    expect(ledger.left([bound(1, hour, 'one more')], 1)).toBe(0);
    expect(ledger.left([bound(1, hour, 'one more')], 2 * hour)).toBe(1);
  });

  test('never more than the bound in any stretch, and all of it once everything is forgotten', () => {
    const steps = fc.array(
      fc.record({ wait: fc.oneof(fc.nat(50), fc.nat(5000)), wanted: fc.integer({ min: 1, max: 30 }) }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 3000 }), (all, ms) => {
        const ledger = new LocalLedger();
        const bounds = [bound(20, ms)];
        const spent = [];
        let now = 1_000_003;
        for (const { wait, wanted } of all) {
          now += wait;
          const amount = Math.min(wanted, ledger.left(bounds, now));
          ledger.spend(bounds, amount, now);
          spent.push({ at: now, amount });
        }
        expect(busiest(spent, ms)).toBeLessThanOrEqual(20);
        expect(ledger.left(bounds, now + ms + Math.ceil(ms / 60) + 1)).toBe(20);
      }),
      { numRuns: 500 },
    );
  });
});
