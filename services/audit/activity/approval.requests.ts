import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ApprovalBook, Follower, KnownGroups, mayDecide, type ApprovalRequest } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { AppError, type Principal } from '#kernel';
import { EVENT_LOG } from '#platform';

/** Who asked for what, and who may decide it: this process's own folds of weir.approval.v1 and weir.identity.v1. */
@Injectable()
export class ApprovalRequests implements OnModuleInit, OnModuleDestroy {
  readonly #log: EventLog;
  readonly #book = new ApprovalBook();
  readonly #groups = new KnownGroups();
  #follower: Follower | undefined;
  #identity: Follower | undefined;

  constructor(@Inject(EVENT_LOG) log: EventLog) {
    this.#log = log;
  }

  onModuleInit(): void {
    this.#follower = new Follower(this.#log, topics.approval, this.#book);
    this.#identity = new Follower(this.#log, topics.identity, this.#groups);
  }

  async onModuleDestroy(): Promise<void> {
    await this.#follower?.stop();
    await this.#identity?.stop();
  }

  /** A client has a request's id before this process has read it: looks again after catching up. */
  async find(id: string): Promise<ApprovalRequest | undefined> {
    if (!this.#book.get(id)) await this.#follower?.catchUp();
    return this.#book.get(id)?.request;
  }

  /** By the groups that nobody has lost since the token was issued, as where it is decided. */
  async mayDecide(request: ApprovalRequest, by: Principal): Promise<boolean> {
    if (!(await this.#identity?.catchUp()))
      throw new AppError('LOG_UNAVAILABLE', 'what is known of groups can’t be read in time: try again');
    return mayDecide(request, this.#groups.narrowed(by));
  }
}
