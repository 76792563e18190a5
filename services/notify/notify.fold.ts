import type { EventLog, LoggedEvent } from '#event-log';
import { topics } from '#events';
import type { Clock } from '#kernel';
import { Follower } from '#domain';
import { NotificationBook } from './notification.book.js';
import { toNotificationEnvelope, type NotificationEvent } from './notification.events.js';

export interface NotifyFoldOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  /** This process in events' `source`. */
  readonly source: string;
  /** Called after each event that was folded. */
  readonly onChange: () => void;
}

/** This process's fold of weir.notification.v1, and its way to write there. */
export class NotifyFold {
  readonly book = new NotificationBook();
  readonly #options: NotifyFoldOptions;
  readonly #follower: Follower;
  /** When what this process says was on its way: a turn of its own ends rather early by its clock than late. */
  readonly #saidAt = new Map<string, number>();
  #isLive = false;

  constructor(options: NotifyFoldOptions) {
    this.#options = options;
    const apply = (event: LoggedEvent) => {
      this.book.apply(event, this.#seenAt(event));
      options.onChange();
    };
    this.#follower = new Follower(options.log, topics.notification, { apply });
    void this.#follower.caughtUp.then(
      () => (this.#isLive = true),
      () => undefined,
    );
  }

  get caughtUp(): Promise<void> {
    return this.#follower.caughtUp;
  }

  /** Resolves once the event is durable; true: and folded here. */
  async say(event: NotificationEvent): Promise<boolean> {
    const envelope = toNotificationEnvelope(event, this.#options);
    this.#saidAt.set(envelope.id, this.#options.clock.now());
    try {
      const { folded } = await this.#follower.append(envelope);
      return folded;
    } catch (error) {
      this.#saidAt.delete(envelope.id);
      throw error;
    }
  }

  /** What others say was said when it is folded; what stood in the log at the start, as long ago as its time says. */
  #seenAt({ envelope, appendedAt }: LoggedEvent): number {
    const now = this.#options.clock.now();
    const saidAt = this.#saidAt.get(envelope.id);
    this.#saidAt.delete(envelope.id);
    return saidAt ?? (this.#isLive ? now : Math.min(now, appendedAt));
  }

  stop(): Promise<void> {
    return this.#follower.stop();
  }
}
