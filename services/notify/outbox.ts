import type { EventLog, LoggedEvent, Tail } from '#event-log';
import type { Clock } from '#kernel';
import { mostPending, newsMs } from './notification.book.js';
import { bodyOf, type Notice, type NoticeSource } from './notice.js';
import { deliveries } from './notify.metrics.js';
import type { NotifyFold } from './notify.fold.js';
import { wants, type Endpoint } from './webhook.endpoint.js';

export interface OutboxOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly fold: NotifyFold;
  readonly endpoints: readonly Endpoint[];
  /** One for each topic that people are told of. */
  readonly sources: readonly NoticeSource[];
}

/**
 * Queues what there is to tell. Every replica does, under the event's own id: the fold takes the first and drops the
 * rest. What is old, or happened before a webhook was configured, is nobody's news.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #sources: ReadonlyMap<string, NoticeSource>;
  readonly #tail: Tail;
  /** Folded, and not in the log yet: a batch that failed comes again, but the fold says everything once. */
  readonly #unsaid: Notice[] = [];
  #isLive = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#sources = new Map(options.sources.map((source) => [source.topic, source]));
    const topics = options.sources.map(({ topic }) => topic);
    this.#tail = options.log.tail({ topics }, (batch) => this.#follow(batch));
    void this.#tail.caughtUp.then(
      () => (this.#isLive = true),
      () => undefined,
    );
  }

  get caughtUp(): Promise<void> {
    return this.#tail.caughtUp;
  }

  stop(): Promise<void> {
    return this.#tail.stop();
  }

  async #follow(batch: readonly LoggedEvent[]): Promise<void> {
    // What comes while we listen is news, whatever our clock says of it.
    const oldest = this.#isLive ? -Infinity : this.#options.clock.now() - newsMs;
    for (const event of batch) {
      const notice = this.#sources.get(event.position.topic)?.apply(event);
      if (notice && notice.at > oldest) this.#unsaid.push(notice);
    }
    for (let next = this.#unsaid[0]; next; next = this.#unsaid[0]) {
      await this.#queue(next);
      this.#unsaid.shift();
    }
  }

  async #queue(notice: Notice): Promise<void> {
    const { endpoints, fold } = this.#options;
    const webhooks = endpoints.filter((endpoint) => this.#isNews(notice, endpoint)).map(({ name }) => name);
    if (webhooks.length === 0) return;
    const { id: messageId, type, at } = notice;
    const occurredAtUs = BigInt(at) * 1000n;
    const data = { messageId, type, occurredAtUs, body: bodyOf(notice), webhooks };
    await fold.say({ type: 'NotificationQueued', data });
  }

  #isNews(notice: Notice, endpoint: Endpoint): boolean {
    const { id, at } = notice;
    const { book } = this.#options.fold;
    const { since = Infinity, disabled, pending } = book.state(endpoint.name);
    if (!wants(endpoint, notice) || disabled || at < since || book.knows(endpoint.name, id)) return false;
    if (pending.size < mostPending) return true;
    deliveries.inc({ webhook: endpoint.name, outcome: 'dropped' });
    return false;
  }
}
