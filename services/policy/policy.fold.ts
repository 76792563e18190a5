import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Follower, parsePosition, PolicyState, type Appended } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { AppError } from '#kernel';
import { EVENT_LOG, logFoldError, Readiness } from '#platform';

/** What became of a write. No `appended`: it was done before, by the same key, or changes nothing. */
export interface Written {
  readonly eventId: string;
  readonly appended: Appended | undefined;
}

/** This service's own fold of weir.policy.v1. */
@Injectable()
export class PolicyFold implements OnModuleInit, OnModuleDestroy {
  readonly state = new PolicyState(logFoldError);
  readonly #log: EventLog;
  readonly #readiness: Readiness;
  #follower: Follower | undefined;
  #started: Promise<void> | undefined;

  constructor(@Inject(EVENT_LOG) log: EventLog, @Inject(Readiness) readiness: Readiness) {
    this.#log = log;
    this.#readiness = readiness;
  }

  onModuleInit(): Promise<void> {
    return this.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#follower?.stop();
  }

  /** Resolves once all that stood in the log is folded: what is published is told apart from it only then. */
  start(): Promise<void> {
    this.#started ??= this.#follow();
    return this.#started;
  }

  get follower(): Follower {
    if (!this.#follower) throw new AppError('SHUTTING_DOWN', 'the policy service has not started');
    return this.#follower;
  }

  /** For a read that names a log position: waits until it is folded. TIMEOUT if that takes too long. */
  async readFrom(position: string | undefined): Promise<void> {
    const wanted = position === undefined ? undefined : parsePosition(position);
    if (wanted?.topic !== topics.policy) return;
    if (!(await this.follower.reached(wanted)))
      throw new AppError('TIMEOUT', 'this service has not read the log that far yet');
  }

  /**
   * What the fold made of a write: CONFLICT, as `lost` says, where another one came first on the log; KEY_REUSED where that one
   * had its key.
   */
  demandCounted(written: Written, lost: string): Written {
    this.state.has(written.eventId);
    if (this.state.ignored(written.eventId)) throw new AppError('CONFLICT', lost);
    return written;
  }

  async #follow(): Promise<void> {
    let ready = false;
    this.#readiness.add('policy', () => ready && this.state.policies !== undefined);
    this.#follower = new Follower(this.#log, topics.policy, this.state, logFoldError);
    await this.#follower.caughtUp;
    ready = true;
  }
}
