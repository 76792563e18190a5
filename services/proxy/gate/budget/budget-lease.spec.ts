import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BudgetLessor, LeasedLedger, type LeasePort } from './budget-lease.js';
import { LocalLedger, type Bound } from './budget-ledger.js';

const key = 'bot on orders';

/** One process that counts and several that spend; messages take as long as the test says, or are lost. */
class House {
  now = 5_000_000;
  readonly ledger = new LocalLedger();
  readonly lessor = new BudgetLessor(this.ledger);
  readonly workers: LeasedLedger[];
  private readonly due: { at: number; run: () => void }[] = [];

  constructor(
    workers: number,
    private readonly delay: () => number,
    private readonly isLost: () => boolean = () => false,
  ) {
    // Each has a clock of its own, which shows another time.
    this.workers = Array.from({ length: workers }, (_, i) => {
      return new LeasedLedger(this.port(), { now: () => this.now + i * 777_777 });
    });
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settled();
      const next = this.due.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.due.shift();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  private later(run: () => void): void {
    if (!this.isLost()) this.due.push({ at: this.now + this.delay(), run });
  }

  private port(): LeasePort {
    return {
      lease: (bounds, wanted) =>
        new Promise((resolve) =>
          this.later(() => {
            const slice = this.lessor.lease(bounds, wanted, this.now);
            this.later(() => resolve(slice));
          }),
        ),
      giveBack: (id, unspent) => this.later(() => this.lessor.giveBack(id, unspent)),
    };
  }
}

const settled = async () => {
  for (let i = 0; i < 8; i++) await Promise.resolve();
};

function busiest(spent: readonly { at: number; amount: number }[], ms: number): number {
  const from = (start: number) =>
    spent.filter(({ at }) => at >= start && at < start + ms).reduce((sum, { amount }) => sum + amount, 0);
  return Math.max(0, ...spent.map(({ at }) => from(at)));
}

describe('a budget that several processes spend', () => {
  const bounds: readonly Bound[] = [{ key, amount: 1000, ms: 60_000 }];

  test('a worker gets what it asks for, to the last one, and no more', async () => {
    const house = new House(2, () => 1);
    const [one, two] = house.workers as [LeasedLedger, LeasedLedger];
    expect(one.left(bounds)).toBe(0);
    void one.more(bounds, 700);
    await house.pass(10);
    expect(one.left(bounds)).toBe(700);
    one.spend(bounds, 700);
    void two.more(bounds, 700);
    await house.pass(10);
    expect(two.left(bounds)).toBe(300);
    two.spend(bounds, 300);
    void two.more(bounds, 1);
    await house.pass(10);
    expect(two.left(bounds)).toBe(0);
    expect(two.more(bounds, 1)).toBeUndefined();
  });

  test('what one does not spend, another gets after the slice has ended', async () => {
    const house = new House(2, () => 1);
    const [one, two] = house.workers as [LeasedLedger, LeasedLedger];
    void one.more(bounds, 1000);
    await house.pass(10);
    one.spend(bounds, 1);
    await house.pass(5001);
    expect(one.left(bounds)).toBe(0);
    one.sweep();
    await house.pass(10);
    void two.more(bounds, 999);
    await house.pass(10);
    expect(two.left(bounds)).toBe(999);
  });

  test('a slice is not spent after its end, though its clock shows another time', async () => {
    const house = new House(1, () => 3000);
    const [one] = house.workers as [LeasedLedger];
    void one.more(bounds, 100);
    // Six seconds on the way, and good for five from when it was asked for.
    await house.pass(6001);
    expect(one.left(bounds)).toBe(0);
  });

  test('counts from when it can be spent at the latest, not from when it was lent', async () => {
    const house = new House(2, () => 1);
    const [one, two] = house.workers as [LeasedLedger, LeasedLedger];
    void one.more(bounds, 1000);
    await house.pass(4900);
    one.spend(bounds, 1000);
    await house.pass(57_000);
    void two.more(bounds, 1000);
    await house.pass(10);
    expect(two.left(bounds)).toBe(0);
    await house.pass(5000);
    void two.more(bounds, 1000);
    await house.pass(10);
    expect(two.left(bounds)).toBe(1000);
  });

  test('nothing more is to be had while whoever counts is away', async () => {
    const clock = { now: () => 0 };
    const away: LeasePort = { lease: () => Promise.reject(new Error('away')), giveBack: () => undefined };
    const ledger = new LeasedLedger(away, clock);
    await ledger.more(bounds, 5);
    expect(ledger.left(bounds)).toBe(0);
    expect(ledger.more(bounds, 5)).toBeUndefined();
  });

  test('one that was given back is not given back twice', async () => {
    const house = new House(1, () => 1);
    const slice = house.lessor.lease(bounds, 600, house.now);
    house.lessor.giveBack(slice.id, 500);
    house.lessor.giveBack(slice.id, 500);
    house.lessor.giveBack(slice.id, -500);
    expect(house.ledger.left(bounds, house.now)).toBe(900);
  });

  test('whatever the order of messages, never more than the bound in any stretch', async () => {
    const action = fc.record({
      worker: fc.nat(2),
      // In thousandths of the window: slices last a tenth of it.
      wait: fc.oneof(fc.nat(10), fc.integer({ min: 80, max: 99 }), fc.integer({ min: 850, max: 1000 })),
      wanted: fc.integer({ min: 1, max: 120 }),
      sweep: fc.boolean(),
      delay: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(500)),
      lost: fc.integer({ min: 0, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 70 }),
        fc.integer({ min: 1, max: 4000 }),
        async (all, ms) => {
          let step = 0;
          const current = () => all[step % all.length]!;
          const house = new House(
            3,
            () => current().delay,
            () => current().lost === 0,
          );
          const windows = [
            { key, amount: 100, ms },
            { key, amount: 250, ms: ms * 3 },
          ];
          const spent: { at: number; amount: number }[] = [];
          for (; step < all.length; step++) {
            const { worker, wait, wanted, sweep } = all[step]!;
            await house.pass(Math.round((wait * ms) / 1000));
            const ledger = house.workers[worker]!;
            const amount = Math.min(wanted, ledger.left(windows));
            ledger.spend(windows, amount);
            spent.push({ at: house.now, amount });
            if (amount < wanted) void ledger.more(windows, wanted - amount);
            if (sweep) ledger.sweep();
          }
          expect(busiest(spent, ms)).toBeLessThanOrEqual(100);
          expect(busiest(spent, ms * 3)).toBeLessThanOrEqual(250);
        },
      ),
      { numRuns: 400 },
    );
  });
});
