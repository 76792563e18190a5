import { Inject, Injectable } from '@nestjs/common';
import { toWirePrincipal } from '#domain';
import type { EventLog } from '#event-log';
import { ConnectionSampledSchema, encodeEnvelope, newEvent, topics } from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import { findingOf, maskingDraft, noValues, valueEvidence, type ColumnFinding } from '#masking';
import { CLOCK, EVENT_LOG, INSTANCE } from '#platform';
import { tablesFilter, toClassifiedColumn, type ClassifyBody, type ClassifyItem } from './classify.item.js';
import { sampleTarget } from './postgres/sample.js';
import { DataPlane } from './data-plane.js';

const maxTables = 200;
/** A connection is read by one at a time, the gate's loop is shared: no more than this at once. */
const maxRunning = 2;
/** Milliseconds until it answers with what it has. */
const longest = 120_000;

/** Looks what a target's columns hold, with the credential that never leaves the gate. */
@Injectable()
export class ClassifyDesk {
  readonly #plane: DataPlane;
  readonly #eventLog: EventLog;
  readonly #clock: Clock;
  readonly #source: string;
  readonly #running = new Set<string>();

  constructor(
    @Inject(DataPlane) plane: DataPlane,
    @Inject(EVENT_LOG) eventLog: EventLog,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#plane = plane;
    this.#eventLog = eventLog;
    this.#clock = clock;
    this.#source = `proxy/${instance}`;
  }

  /** Throws CONNECTION_UNKNOWN, STALE_SNAPSHOT, CONFLICT, LOG_UNAVAILABLE and what connecting throws. */
  async run(name: string, body: ClassifyBody, by: Principal, gone: AbortSignal): Promise<ClassifyItem> {
    const place = await this.#plane.target(name);
    if (this.#running.has(name) || this.#running.size >= maxRunning)
      throw new AppError('CONFLICT', `classification of ${[...this.#running].join(', ')} is under way`, {
        hint: 'try again when it is done; it takes two minutes at most',
      });
    this.#running.add(name);
    try {
      await this.#record(name, body, by);
      return await this.#sample(place, body, gone);
    } finally {
      this.#running.delete(name);
    }
  }

  /** Reading a target's values in the clear is an act of its own: it stands in the log before it is done. */
  async #record(connection: string, { rows, tables }: ClassifyBody, by: Principal): Promise<void> {
    const data = { connection, rows, tables, by: toWirePrincipal(by) };
    const origin = { source: this.#source, subject: connection, clock: this.#clock };
    await this.#eventLog.append(topics.policy, [
      encodeEnvelope(newEvent(ConnectionSampledSchema, data, origin)),
    ]);
  }

  async #sample(
    { target, masking }: Awaited<ReturnType<DataPlane['target']>>,
    { rows, tables }: ClassifyBody,
    gone: AbortSignal,
  ): Promise<ClassifyItem> {
    const findings: ColumnFinding[] = [];
    const report = await sampleTarget(target, {
      rows,
      tables: maxTables,
      wanted: tablesFilter(tables),
      signal: AbortSignal.any([gone, AbortSignal.timeout(longest)]),
      onColumn: ({ schema, table, column, type, how }, values) => {
        const evidence = how === 'none' ? noValues : valueEvidence(masking, values);
        findings.push(findingOf(masking, target.name, { schema, table, column, type }, evidence));
      },
    });
    return {
      connection: target.name,
      tables: report.tables,
      cut: report.cut,
      skipped: [...report.skipped],
      columns: findings.map(toClassifiedColumn),
      draft: maskingDraft({
        connection: target.name,
        date: new Date(this.#clock.now()).toISOString().slice(0, 10),
        findings,
        skipped: report.skipped.map(({ table, reason }) => `${table}: ${reason}`),
        inForce: masking.rules,
      }),
    };
  }
}
