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
    /** Ids of sessions are ordered by time: the burst's come after this one. */
    private readonly after: string,
    private readonly processorBefore: number,
    private readonly begun: number,
  ) {}

  static async begin(stage: Stage): Promise<ShippingWatch> {
    const after = await lastSession(stage.house);
    return new ShippingWatch(stage, after, processorSeconds([stage.auditPid]), performance.now());
  }

  /** The burst is over, and this many statements were run: waits until each has its outcome as a row. */
  async ended(statements: number): Promise<Shipped> {
    const { house, auditPid } = this.stage;
    const ended = performance.now();
    const atEnd = await countsAfter(house, this.after);
    for (let now = atEnd; ; now = await countsAfter(house, this.after)) {
      const { outcomes, events } = now;
      if (outcomes >= statements) {
        const at = performance.now();
        const processor = ((processorSeconds([auditPid]) - this.processorBefore) / events) * 1e6;
        const [seconds, drainSeconds] = [(at - this.begun) / 1000, (at - ended) / 1000];
        return { events, seconds, drainSeconds, backlog: now.events - atEnd.events, processor };
      }
      if (performance.now() - ended > patience)
        throw new Error(`${outcomes} of ${statements} statements became rows in ${patience / 1000} s`);
      await sleep(500);
    }
  }
}

interface Counts {
  readonly events: number;
  readonly outcomes: number;
}

async function countsAfter(house: TestHouse, session: string): Promise<Counts> {
  const counts = "count() AS events, countIf(type = 'StatementOutcome') AS outcomes";
  const [row = []] = await rowsOf(
    house,
    `SELECT ${counts} FROM session_events WHERE session_id > '${session}'`,
  );
  return { events: Number(row[0]), outcomes: Number(row[1]) };
}

async function lastSession(house: TestHouse): Promise<string> {
  const [row = []] = await rowsOf(house, 'SELECT max(session_id) FROM session_events');
  return String(row[0] ?? '');
}

async function rowsOf(house: TestHouse, query: string): Promise<unknown[][]> {
  return (await house.json<{ rows: unknown[][] }>('auditor', '/api/sql', { query })).rows;
}
