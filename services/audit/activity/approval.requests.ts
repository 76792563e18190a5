import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ApprovalBook, Follower, mayDecide, type ApprovalRequest } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { EVENT_LOG, IdentityLog, type CallerIdentity } from '#platform';

/** Who asked for what, and who may decide it: this process's own fold of weir.approval.v1. */
@Injectable()
export class ApprovalRequests implements OnModuleInit, OnModuleDestroy {
  readonly #log: EventLog;
  readonly #book = new ApprovalBook();
  readonly #identity: IdentityLog;
  #follower: Follower | undefined;

  constructor(@Inject(EVENT_LOG) log: EventLog, @Inject(IdentityLog) identity: IdentityLog) {
    this.#log = log;
    this.#identity = identity;
  }

  onModuleInit(): void {
    this.#follower = new Follower(this.#log, topics.approval, this.#book);
  }

  async onModuleDestroy(): Promise<void> {
    await this.#follower?.stop();
  }

  /** A client has a request's id before this process has read it: looks again after catching up. */
  async find(id: string): Promise<ApprovalRequest | undefined> {
    if (!this.#book.get(id)) await this.#follower?.catchUp();
    return this.#book.get(id)?.request;
  }

  /** By the groups that nobody has lost since the token was issued, as where it is decided. */
  async mayDecide(request: ApprovalRequest, { principal, saidAt }: CallerIdentity): Promise<boolean> {
    await this.#identity.catchUp();
    return mayDecide(request, this.#identity.groups.narrowed(principal, saidAt));
  }
}
