import type { EventLog } from '#event-log';
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

  constructor(options: NotifyFoldOptions) {
    this.#options = options;
    const apply: NotificationBook['apply'] = (event) => {
      this.book.apply(event);
      options.onChange();
    };
    this.#follower = new Follower(options.log, topics.notification, { apply });
  }

  get caughtUp(): Promise<void> {
    return this.#follower.caughtUp;
  }

  /** Resolves once the event is durable; true: and folded here. */
  async say(event: NotificationEvent): Promise<boolean> {
    const { folded } = await this.#follower.append(toNotificationEnvelope(event, this.#options));
    return folded;
  }

  stop(): Promise<void> {
    return this.#follower.stop();
  }
}
