import { decodeEnvelope, type EncodedEnvelope, type Topic } from '#events';
import type { BatchHandler, EventLog, LoggedEvent, Position, Tail, TailOptions } from '#event-log';
import { AppError, type Clock } from '#kernel';

/** The port in memory, for what a real log can't be told to do: stand still, or let two writers meet. */
export class MemoryLog implements EventLog {
  readonly events: LoggedEvent[] = [];
  /** While set, appended events are durable, but no tail sees them. */
  #gate: Promise<void> | undefined;
  #open: () => void = () => {};
  readonly #tails = new Set<MemoryTail>();

  constructor(private readonly clock: Clock) {}

  hold(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  release(): void {
    this.#gate = undefined;
    this.#open();
  }

  async append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<readonly Position[]> {
    const positions = events.map((raw) => {
      const offset = this.events.filter(({ position }) => position.topic === topic).length;
      const position = { topic, partition: 0, offset };
      this.events.push({ position, appendedAt: this.clock.now(), envelope: decodeEnvelope(raw), raw });
      return position;
    });
    for (const tail of this.#tails) void tail.advance();
    return positions;
  }

  tail({ topics }: TailOptions, handle: BatchHandler): Tail {
    const tail = new MemoryTail(this, topics, handle, () => this.#gate);
    this.#tails.add(tail);
    return tail;
  }

  work(): Pick<Tail, 'stop'> {
    throw new Error('nobody works here');
  }

  share(): Pick<Tail, 'stop'> {
    throw new Error('nobody shares here');
  }

  async read(after: Position, limit: number): Promise<readonly LoggedEvent[]> {
    const later = this.events.filter(
      ({ position }) => position.topic === after.topic && position.offset > after.offset,
    );
    return later.slice(0, limit);
  }

  async partitions(): Promise<readonly number[]> {
    return [0];
  }

  async end(topic: Topic): Promise<readonly Position[]> {
    return this.events
      .filter(({ position }) => position.topic === topic)
      .slice(-1)
      .map(({ position }) => position);
  }

  async expire(): Promise<void> {}

  async close(): Promise<void> {}
}

class MemoryTail implements Tail {
  readonly caughtUp: Promise<void>;
  readonly age = 0;
  readonly #handled: LoggedEvent[] = [];
  #next = 0;
  #running: Promise<void> | undefined;
  #stopped = false;
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly log: MemoryLog,
    private readonly topics: readonly Topic[],
    private readonly handle: BatchHandler,
    private readonly gate: () => Promise<void> | undefined,
  ) {
    this.caughtUp = this.advance();
  }

  advance(): Promise<void> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  passed(eventId: string, timeoutMs: number): Promise<void> {
    return this.#until(() => this.#handled.some(({ envelope }) => envelope.id === eventId), timeoutMs);
  }

  reached({ topic, offset }: Position, timeoutMs: number): Promise<void> {
    return this.#until(
      () => this.#handled.some(({ position }) => position.topic === topic && position.offset >= offset),
      timeoutMs,
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (!this.#stopped && this.#next < this.log.events.length) {
      await this.gate();
      const event = this.log.events[this.#next++];
      if (!event || !this.topics.includes(event.position.topic)) continue;
      await this.handle([event]);
      this.#handled.push(event);
      for (const check of this.#waiting) check();
    }
  }

  #until(holds: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new AppError('TIMEOUT', 'not in time'));
      }, timeoutMs);
      this.#waiting.add(check);
      check();
    });
  }
}
