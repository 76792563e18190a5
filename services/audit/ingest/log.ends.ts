import type { EventLog, Partition } from '#event-log';
import type { Topic } from '#events';

/** Milliseconds between two questions; until one that has no answer is given up; that an answer counts. */
const every = 2_000;
const patience = 10_000;
const counts = 10_000;

interface Answer {
  readonly at: number;
  readonly offsets: ReadonlyMap<number, number>;
}

/**
 * Where the log's topics ended a moment ago. Asked for in the background: who reads metrics must not wait for a log that
 * is away, or would get none.
 */
export class LogEnds {
  readonly #asked = new Map<Topic, number>();
  readonly #answers = new Map<Topic, Answer>();
  #timer: NodeJS.Timeout | undefined;

  /** `topics`: whose ends are of interest now. */
  constructor(
    private readonly log: Pick<EventLog, 'end'>,
    private readonly topics: () => Iterable<Topic>,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => this.#ask(), every).unref();
    this.#ask();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The offset of its last event; undefined while nobody knows. */
  of({ topic, partition }: Partition): number | undefined {
    const answer = this.#answers.get(topic);
    return answer && Date.now() - answer.at < counts ? answer.offsets.get(partition) : undefined;
  }

  #ask(): void {
    const now = Date.now();
    for (const topic of new Set(this.topics())) {
      if (now - (this.#asked.get(topic) ?? 0) < patience) continue;
      this.#asked.set(topic, now);
      void this.#askFor(topic, now);
    }
  }

  async #askFor(topic: Topic, at: number): Promise<void> {
    try {
      const ends = await this.log.end(topic);
      if ((this.#answers.get(topic)?.at ?? 0) < at)
        this.#answers.set(topic, { at, offsets: new Map(ends.map((end) => [end.partition, end.offset])) });
    } catch {
      // The log is away: what was known soon counts no more.
    } finally {
      if (this.#asked.get(topic) === at) this.#asked.delete(topic);
    }
  }
}
