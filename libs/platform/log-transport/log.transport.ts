import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { lastValueFrom, isObservable } from 'rxjs';
import { topics, type Topic } from '#events';
import type { EventLog, LoggedEvent, Position, Tail } from '#event-log';
import { AppError } from '#kernel';
import { LogContext } from './log.context.js';

interface Shared {
  readonly log: EventLog;
  readonly topics: readonly Topic[];
  /** Where an application has several transports: `@EventPattern(pattern, id)` then names this one. */
  readonly id?: symbol;
}

/** Every process sees everything, from `after` or the start; nothing is committed: for folds. */
export interface TailTransportOptions extends Shared {
  readonly mode: 'tail';
  readonly after?: readonly Position[];
}

/** Members of a group share; the position is committed after the handlers have resolved: for effects. */
export interface WorkTransportOptions extends Shared {
  readonly mode: 'work';
  readonly group: string;
  readonly batchSize?: number;
}

export type LogTransportOptions = TailTransportOptions | WorkTransportOptions;

type Handler = NonNullable<ReturnType<Server['getHandlerByPattern']>>;

/**
 * Serves `@EventPattern` from the event log. A pattern is an event type (`weir.events.v1.ApprovalDecided`) or a
 * topic (`weir.approval.v1`); the handler gets the LoggedEvent as its payload. One event at a time, in order;
 * a handler that throws holds its partition: it is called again with the same event, after a pause, until it
 * takes it, and the position stays before it.
 */
export class LogTransport extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  readonly #options: LogTransportOptions;
  readonly #handled = new Map<string, number>();
  #readers: Pick<Tail, 'stop'>[] = [];

  constructor(options: LogTransportOptions) {
    super();
    this.#options = options;
    if (options.id) this.setTransportId(options.id);
  }

  listen(callback: (error?: unknown) => void): void {
    try {
      this.#checkPatterns();
      this.#readers = this.#start();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop()));
    this.#readers = [];
  }

  /** The log speaks by its handlers only. */
  on(): void {
    throw new AppError('INTERNAL', 'the log transport emits no events of its own');
  }

  unwrap<T>(): T {
    return this.#options.log as T;
  }

  #start(): Pick<Tail, 'stop'>[] {
    const { log, topics: read } = this.#options;
    const handle = (batch: readonly LoggedEvent[]) => this.#handleBatch(batch);
    if (this.#options.mode === 'tail') {
      const { after } = this.#options;
      return [log.tail({ topics: read, ...(after && { after }) }, handle)];
    }
    const { group, batchSize } = this.#options;
    return read.map((topic) => log.work({ topic, group, ...(batchSize && { batchSize }) }, handle));
  }

  /** A pattern that can't match is a handler that silently never runs. */
  #checkPatterns(): void {
    for (const [pattern, { isEventHandler }] of this.messageHandlers) {
      const isTopic = Object.values<string>(topics).includes(pattern);
      if (!isEventHandler) throw new AppError('INTERNAL', `${pattern}: the log has events, not messages`);
      if (isTopic && !this.#options.topics.some((topic) => topic === pattern)) {
        throw new AppError('INTERNAL', `a handler waits for ${pattern}, which this transport does not read`);
      }
      if (!isTopic && !pattern.startsWith('weir.events.v1.')) {
        throw new AppError('INTERNAL', `${pattern} is neither an event type nor a topic`);
      }
    }
  }

  async #handleBatch(batch: readonly LoggedEvent[]): Promise<void> {
    for (const event of batch) await this.#handleOnce(event);
  }

  /** When a batch comes again because a later event failed, those before it are not handled again. */
  async #handleOnce(event: LoggedEvent): Promise<void> {
    const { topic, partition, offset } = event.position;
    const place = `${topic}/${partition}`;
    if (offset <= (this.#handled.get(place) ?? -1)) return;
    for (const pattern of [event.envelope.type, topic]) {
      const handler = this.messageHandlers.get(pattern);
      if (handler) await this.#call(handler, event);
    }
    this.#handled.set(place, offset);
  }

  /** The base class' handleEvent does not await; Nest's proxies answer with a stream that carries the error. */
  async #call(handler: Handler, event: LoggedEvent): Promise<void> {
    const context = new LogContext(event);
    const run = async () => {
      const result: unknown = await handler(event, context);
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    };
    await this.onProcessingStartHook(this.transportId ?? logTransportId, context, run);
    this.onProcessingEndHook?.(this.transportId ?? logTransportId, context);
  }
}

const logTransportId = Symbol('weir.event-log');
