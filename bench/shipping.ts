import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHouse } from '../test/support/house.js';

/** A burst that is not in ClickHouse by then is a defect. Milliseconds. */
const patience = 300_000;

export interface Shipped {
  /** Events that became rows. */
  readonly events: number;
  /** From the burst's begin to its last row. */
  readonly seconds: number;
  /** From the burst's end to its last row. */
  readonly drainSeconds: number;
}

/** Watches a burst of statements arrive in ClickHouse. */
export class ShippingWatch {
  private constructor(
    private readonly house: TestHouse,
    private readonly before: Counts,
    private readonly begun: number,
  ) {}

  static async begin(house: TestHouse): Promise<ShippingWatch> {
    const before = await countsOf(house);
    return new ShippingWatch(house, before, performance.now());
  }

  /** The burst is over, and this many statements were run: waits until each has its outcome as a row. */
  async ended(statements: number): Promise<Shipped> {
    const ended = performance.now();
    for (;;) {
      const now = await countsOf(this.house);
      if (now.outcomes - this.before.outcomes >= statements) {
        const at = performance.now();
        const events = now.events - this.before.events;
        return { events, seconds: (at - this.begun) / 1000, drainSeconds: (at - ended) / 1000 };
      }
      if (performance.now() - ended > patience)
        throw new Error(
          `${now.outcomes - this.before.outcomes} of ${statements} statements became rows in ${patience / 1000} s`,
        );
      await sleep(250);
    }
  }
}

interface Counts {
  readonly events: number;
  readonly outcomes: number;
}

async function countsOf(house: TestHouse): Promise<Counts> {
  const query =
    "SELECT count() AS events, countIf(type = 'StatementOutcome') AS outcomes FROM session_events";
  const { rows } = await house.json<{ rows: [unknown, unknown][] }>('auditor', '/api/sql', { query });
  return { events: Number(rows[0]?.[0] ?? 0), outcomes: Number(rows[0]?.[1] ?? 0) };
}
