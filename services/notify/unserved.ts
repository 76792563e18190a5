import { Logger } from '@nestjs/common';
import type { Clock } from '#kernel';
import { isOverdue } from './notification.book.js';
import type { NotifyFold } from './notify.fold.js';
import { deliveries } from './notify.metrics.js';
import type { Delivery } from './webhook.state.js';

const reason = 'nobody has served this webhook for longer than all tries take';

export interface UnservedOptions {
  readonly fold: NotifyFold;
  /** The webhooks that this process serves. */
  readonly served: ReadonlySet<string>;
  readonly source: string;
  readonly clock: Clock;
}

/** Says of what waits for a webhook that is configured no more that nobody tries any more. */
export class Unserved {
  readonly #log = new Logger('webhooks');
  readonly #options: UnservedOptions;
  #underway: Promise<void> | undefined;

  constructor(options: UnservedOptions) {
    this.#options = options;
  }

  look(): void {
    this.#underway ??= this.#giveUp()
      .catch((error: unknown) => this.#log.error({ message: 'what nobody serves is given up later', error }))
      .finally(() => (this.#underway = undefined));
  }

  async stop(): Promise<void> {
    await this.#underway;
  }

  async #giveUp(): Promise<void> {
    const { fold, served } = this.#options;
    const names = fold.book.webhooks().filter((name) => !served.has(name));
    for (const name of names) {
      const [oldest] = fold.book.state(name).pending.values();
      if (oldest && this.#isOver(oldest) && (await this.#takeTurn(oldest))) await this.#say(oldest);
    }
  }

  #isOver(delivery: Delivery): boolean {
    return isOverdue(delivery, this.#options.clock.now());
  }

  /** So that one process says it; and the claim tells what the log's clock says. */
  async #takeTurn({ messageId, webhook, claim, ahead }: Delivery): Promise<boolean> {
    const { fold, source, clock } = this.#options;
    if (claim.by !== source && claim.until + ahead > clock.now()) return false;
    if (!(await fold.say({ type: 'NotificationClaimed', data: { messageId, webhook } }))) return false;
    const now = fold.book.state(webhook).pending.get(messageId);
    return now?.claim.by === source && this.#isOver(now);
  }

  async #say({ messageId, webhook, failures: attempt }: Delivery): Promise<void> {
    const data = { messageId, webhook, attempt, status: 0, reason };
    await this.#options.fold.say({ type: 'NotificationGivenUp', data });
    deliveries.inc({ webhook, outcome: 'given_up' });
    this.#log.warn(`webhook ${webhook}: ${messageId}: ${reason}`);
  }
}
