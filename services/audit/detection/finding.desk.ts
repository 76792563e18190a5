import { database, storageTables, type ClickHouseClient } from '#audit-store';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import type { Clock } from '#kernel';
import { findingEvent, type Finding } from './finding.js';
import { rowsOf } from './store.sql.js';

export interface FindingDeskOptions {
  readonly log: Pick<EventLog, 'append'>;
  readonly client: ClickHouseClient;
  /** CloudEvents `source`. */
  readonly source: string;
  readonly clock: Clock;
  readonly onRaised: (finding: Finding) => void;
}

/** Of events at once. */
const mostAtOnce = 500;

/** Raises each finding once: what this process raised it knows, what others did the store. */
export class FindingDesk {
  readonly #raised = new Set<string>();

  constructor(private readonly options: FindingDeskOptions) {}

  readonly raise = async (findings: readonly Finding[]): Promise<void> => {
    const fresh = [...new Map(findings.map((each) => [each.id, each])).values()].filter(
      ({ id }) => !this.#raised.has(id),
    );
    for (let at = 0; at < fresh.length; at += mostAtOnce) await this.#raise(fresh.slice(at, at + mostAtOnce));
  };

  async #raise(findings: readonly Finding[]): Promise<void> {
    const stored = await this.#stored(findings.map(({ id }) => id));
    const unknown = findings.filter(({ id }) => !stored.has(id));
    const events = unknown.map((finding) => findingEvent(finding, this.options));
    if (events.length > 0) await this.options.log.append(topics.finding, events);
    for (const { id } of findings) this.#raised.add(id);
    for (const finding of unknown) this.options.onRaised(finding);
    this.#trim();
  }

  async #stored(ids: readonly string[]): Promise<Set<string>> {
    const rows = await rowsOf<{ event_id: string }>(
      this.options.client,
      `SELECT DISTINCT event_id FROM ${database}.${storageTables.controlEvents}
       WHERE topic = '${topics.finding}' AND event_id IN {ids: Array(String)}`,
      { ids },
    );
    return new Set(rows.map(({ event_id }) => event_id));
  }

  /** The store has those that are forgotten. */
  #trim(): void {
    for (const id of this.#raised) {
      if (this.#raised.size <= mostKnown) return;
      this.#raised.delete(id);
    }
  }
}

const mostKnown = 50_000;
