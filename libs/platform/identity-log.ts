import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  Follower,
  fromLoggedIdentity,
  KnownGroups,
  PageSessionBook,
  type Appended,
  type IdentityFold,
} from '#domain';
import type { EventLog } from '#event-log';
import { topics, type Envelope } from '#events';
import { AppError } from '#kernel';
import { Readiness } from './readiness.js';
import { EVENT_LOG } from './tokens.js';

/** weir.identity.v1 as this process knows it: read once, for all folds, and the one way to write what they must know. */
@Injectable()
export class IdentityLog implements OnModuleInit, OnModuleDestroy {
  readonly sessions = new PageSessionBook();
  readonly groups = new KnownGroups(this.sessions);
  readonly #folds: IdentityFold[] = [this.sessions];
  readonly #log: EventLog;
  readonly #readiness: Readiness;
  #follower: Follower | undefined;

  constructor(@Inject(EVENT_LOG) log: EventLog, @Inject(Readiness) readiness: Readiness) {
    this.#log = log;
    this.#readiness = readiness;
  }

  /** In constructors alone, before anything is read: a fold that came later would lack what was read by then. */
  fold(fold: IdentityFold): void {
    if (this.#follower) throw new AppError('INTERNAL', 'weir.identity.v1 is being read already');
    this.#folds.push(fold);
  }

  async onModuleInit(): Promise<void> {
    let ready = false;
    this.#readiness.add('identity', () => ready);
    this.#follower = new Follower(this.#log, topics.identity, {
      apply: (logged) => {
        const event = fromLoggedIdentity(logged);
        if (event) for (const fold of this.#folds) fold.apply(event);
      },
    });
    await this.#follower.caughtUp;
    ready = true;
  }

  async onModuleDestroy(): Promise<void> {
    await this.#follower?.stop();
  }

  /** Appends, and waits until the folds here have it. */
  append(...events: readonly [Envelope, ...Envelope[]]): Promise<Appended> {
    return this.#running.append(...events);
  }

  /** Folds what stands in the log now. LOG_UNAVAILABLE if that takes too long. */
  async catchUp(): Promise<void> {
    if (!(await this.#running.catchUp()))
      throw new AppError('LOG_UNAVAILABLE', 'what is known of people can’t be read in time: try again');
  }

  get #running(): Follower {
    if (!this.#follower) throw new AppError('SHUTTING_DOWN', 'weir.identity.v1 is not read yet');
    return this.#follower;
  }
}
