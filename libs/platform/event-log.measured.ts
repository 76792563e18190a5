import type { BatchHandler, EventLog, Position, Tail, TailOptions, WorkOptions } from '#event-log';
import type { EncodedEnvelope, Topic } from '#events';
import { Counts, Readings, Spread } from './metrics.js';

const appends = new Spread(
  { name: 'weir_log_append_seconds', help: 'Time until the event log had a batch' },
  [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
);
const appended = new Counts({
  ...{ name: 'weir_log_appended_events_total', help: 'Events that the event log took' },
  labels: ['topic'],
});
const failures = new Counts({
  ...{ name: 'weir_log_append_errors_total', help: 'Batches that the event log did not take' },
  labels: ['topic'],
});
const positions = new Readings({
  ...{ name: 'weir_log_fold_position', help: 'Offset up to which the slowest fold of a process has read' },
  labels: ['topic', 'partition'],
});
const caughtUp = new Readings({
  ...{
    name: 'weir_log_fold_caught_up',
    help: 'Whether every fold has read what stood in the log as it began',
  },
  labels: ['topic'],
});

const ages = new Readings({
  ...{
    name: 'weir_log_fold_age_seconds',
    help: 'Time since the stalest fold is known to have had all of the log',
  },
  labels: ['topic'],
});

interface Fold {
  readonly topics: readonly Topic[];
  readonly reached: Map<string, Position>;
  caughtUp: boolean;
  age: () => number;
}

/** The same log, and how it does in this process's metrics. */
export function measured(log: EventLog): EventLog {
  return new MeasuredLog(log);
}

class MeasuredLog implements EventLog {
  readonly #folds = new Set<Fold>();
  readonly #stopReading: readonly (() => void)[];

  constructor(private readonly log: EventLog) {
    this.#stopReading = [
      positions.add(() => slowest(this.#folds)),
      caughtUp.add(() => readiness(this.#folds)),
      ages.add(() => stalest(this.#folds)),
    ];
  }

  async append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<readonly Position[]> {
    const begun = performance.now();
    try {
      const found = await this.log.append(topic, events);
      appends.observe((performance.now() - begun) / 1000);
      appended.of(topic).value += events.length;
      return found;
    } catch (error) {
      failures.of(topic).value++;
      throw error;
    }
  }

  tail(options: TailOptions, handle: BatchHandler): Tail {
    const fold: Fold = { topics: options.topics, reached: new Map(), caughtUp: false, age: () => Infinity };
    this.#folds.add(fold);
    const tail = this.log.tail(options, async (batch) => {
      await handle(batch);
      for (const { position } of batch) fold.reached.set(`${position.topic} ${position.partition}`, position);
    });
    tail.caughtUp.then(
      () => void (fold.caughtUp = true),
      () => undefined,
    );
    fold.age = () => tail.age;
    return {
      caughtUp: tail.caughtUp,
      get age() {
        return tail.age;
      },
      passed: (id, timeout) => tail.passed(id, timeout),
      reached: (position, timeout) => tail.reached(position, timeout),
      stop: () => {
        this.#folds.delete(fold);
        return tail.stop();
      },
    };
  }

  work(options: WorkOptions, handle: BatchHandler): Pick<Tail, 'stop'> {
    return this.log.work(options, handle);
  }

  share: EventLog['share'] = (options, owns) => this.log.share(options, owns);
  read: EventLog['read'] = (after, limit) => this.log.read(after, limit);
  partitions: EventLog['partitions'] = (topic) => this.log.partitions(topic);
  end: EventLog['end'] = (topic) => this.log.end(topic);
  expire: EventLog['expire'] = (through, before) => this.log.expire(through, before);

  close(): Promise<void> {
    for (const stop of this.#stopReading) stop();
    return this.log.close();
  }
}

function slowest(folds: Iterable<Fold>): [string[], number][] {
  const least = new Map<string, Position>();
  for (const { reached } of folds)
    for (const [key, position] of reached)
      if (position.offset < (least.get(key)?.offset ?? Infinity)) least.set(key, position);
  return [...least.values()].map(({ topic, partition, offset }) => [[topic, String(partition)], offset]);
}

function readiness(folds: Iterable<Fold>): [string[], number][] {
  const ready = new Map<string, boolean>();
  for (const fold of folds)
    for (const topic of fold.topics) ready.set(topic, fold.caughtUp && (ready.get(topic) ?? true));
  return [...ready].map(([topic, is]) => [[topic], Number(is)]);
}

/** One that never had all of it is not caught up, which says so. */
function stalest(folds: Iterable<Fold>): [string[], number][] {
  const found = new Map<string, number>();
  for (const { topics, age } of folds)
    for (const topic of topics) found.set(topic, Math.max(found.get(topic) ?? 0, age()));
  return [...found].filter(([, ms]) => Number.isFinite(ms)).map(([topic, ms]) => [[topic], ms / 1000]);
}
