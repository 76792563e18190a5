import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ApprovalBook, Follower, type ApprovalRequest } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { EVENT_LOG } from '#platform';

/** Who asked for what, and who may decide it: this process's own fold of weir.approval.v1. */
@Injectable()
export class ApprovalRequests implements OnModuleInit, OnModuleDestroy {
  readonly #log: EventLog;
  readonly #book = new ApprovalBook();
  #follower: Follower | undefined;

  constructor(@Inject(EVENT_LOG) log: EventLog) {
    this.#log = log;
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
}
