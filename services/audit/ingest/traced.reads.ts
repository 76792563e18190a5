import type { EventLog, LoggedEvent, Position } from '#event-log';
import { traceparentOf } from '#events';
import type { Tracing } from '#platform';

interface Read {
  readonly position: Position;
  readonly traceparent: string;
  readonly at: number;
}

/** A store's span begins where ingest has read a traced event and ends where the store has it. */
export class TracedReads {
  #reads: Read[] = [];

  constructor(private readonly tracing: Tracing) {}

  /** The same log, where traces are off; else one whose reads are noted. */
  of(log: EventLog): EventLog {
    if (!this.tracing.isOn) return log;
    const read: EventLog['read'] = async (after, limit) => {
      const events = await log.read(after, limit);
      this.#note(events);
      return events;
    };
    return new Proxy(log, { get: (target, name) => (name === 'read' ? read : boundOf(target, name)) });
  }

  /** All up to this position is stored. */
  stored({ topic, partition, offset }: Position): void {
    const isIn = ({ position }: Read) =>
      position.topic === topic && position.partition === partition && position.offset <= offset;
    const stored = this.#reads.filter(isIn);
    if (stored.length === 0) return;
    this.#reads = this.#reads.filter((read) => !stored.includes(read));
    const links = new Set(stored.map(({ traceparent }) => traceparent));
    this.tracing
      .linked(`store ${topic}`, [...links], {
        ...{ kind: 'consumer', at: Math.min(...stored.map(({ at }) => at)) },
        attributes: { 'db.system.name': 'clickhouse', 'weir.topic': topic, 'weir.events': stored.length },
      })
      ?.end();
  }

  #note(events: readonly LoggedEvent[]): void {
    const at = performance.now();
    for (const { raw, position } of events) {
      const traceparent = traceparentOf(raw);
      if (traceparent !== undefined) this.#reads.push({ position, traceparent, at });
    }
    // What is read again and again, since the store is away, is noted as often: the newest say enough.
    if (this.#reads.length > mostReads) this.#reads = this.#reads.slice(-mostReads);
  }
}

const mostReads = 10_000;

function boundOf(target: EventLog, name: string | symbol): unknown {
  const found: unknown = Reflect.get(target, name);
  return typeof found === 'function' ? (found.bind(target) as unknown) : found;
}
