import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHouse } from '../test/support/house.js';
import { processorSeconds } from './processor.js';
import type { Stage } from './stage.js';

/** A burst that is not in ClickHouse by then is a defect. Milliseconds. */
const patience = 300_000;

export interface Shipped {
  /** Events that became rows. */
  readonly events: number;
  /** From the burst's begin to its last row. */
  readonly seconds: number;
  /** From the burst's end to its last row. */
  readonly drainSeconds: number;
  /** Events that were not yet rows when the burst ended. */
  readonly backlog: number;
  /** Processor time of the process that records, µs an event. */
  readonly processor: number;
}

/** Watches a burst of statements arrive in ClickHouse. */
export class ShippingWatch {
  private constructor(
    private readonly stage: Stage,
    private readonly before: Counts,
    private readonly processorBefore: number,
    private readonly begun: number,
  ) {}

  static async begin(stage: Stage): Promise<ShippingWatch> {
    const before = await countsOf(stage.house);
    return new ShippingWatch(stage, before, processorSeconds([stage.auditPid]), performance.now());
  }

  /** The burst is over, and this many statements were run: waits until each has its outcome as a row. */
  async ended(statements: number): Promise<Shipped> {
    const { house, auditPid } = this.stage;
    const ended = performance.now();
    const atEnd = await countsOf(house);
    for (let now = atEnd; ; now = await countsOf(house)) {
      const outcomes = now.outcomes - this.before.outcomes;
      if (outcomes >= statements) {
        const at = performance.now();
        const events = now.events - this.before.events;
        const processor = ((processorSeconds([auditPid]) - this.processorBefore) / events) * 1e6;
        const [seconds, drainSeconds] = [(at - this.begun) / 1000, (at - ended) / 1000];
        return { events, seconds, drainSeconds, backlog: now.events - atEnd.events, processor };
      }
      if (performance.now() - ended > patience)
        throw new Error(`${outcomes} of ${statements} statements became rows in ${patience / 1000} s`);
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
