import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ApprovalBook, Follower, KnownGroups, parsePosition } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { AppError } from '#kernel';
import { EVENT_LOG, Readiness } from '#platform';

/** This service's own folds of weir.approval.v1 and weir.identity.v1: all that it knows, and nowhere else stored. */
@Injectable()
export class ApprovalFold implements OnModuleInit, OnModuleDestroy {
  readonly book = new ApprovalBook();
  readonly groups = new KnownGroups();
  readonly #log: EventLog;
  readonly #readiness: Readiness;
  #follower: Follower | undefined;
  #identity: Follower | undefined;

  constructor(@Inject(EVENT_LOG) log: EventLog, @Inject(Readiness) readiness: Readiness) {
    this.#log = log;
    this.#readiness = readiness;
  }

  async onModuleInit(): Promise<void> {
    let ready = false;
    this.#readiness.add('approval', () => ready);
    this.#follower = new Follower(this.#log, topics.approval, this.book);
    this.#identity = new Follower(this.#log, topics.identity, this.groups);
    await Promise.all([this.#follower.caughtUp, this.#identity.caughtUp]);
    ready = true;
  }

  async onModuleDestroy(): Promise<void> {
    await this.#follower?.stop();
    await this.#identity?.stop();
  }

  get follower(): Follower {
    if (!this.#follower) throw new AppError('SHUTTING_DOWN', 'the approval service has not started');
    return this.#follower;
  }

  /** Before anything is decided by groups: reads what was written about them so far. LOG_UNAVAILABLE if that takes too long. */
  async newestGroups(): Promise<KnownGroups> {
    if (!(await this.#identity?.catchUp()))
      throw new AppError('LOG_UNAVAILABLE', 'what is known of groups can’t be read in time: try again');
    return this.groups;
  }

  /** For a read that names a log position: waits until it is folded. TIMEOUT if that takes too long. */
  async readFrom(position: string | undefined): Promise<void> {
    const wanted = position === undefined ? undefined : parsePosition(position);
    if (wanted?.topic !== topics.approval) return;
    if (!(await this.follower.reached(wanted)))
      throw new AppError('TIMEOUT', 'this service has not read the log that far yet');
  }
}
