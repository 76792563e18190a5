import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ApprovalBook, Follower, parsePosition } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { AppError } from '#kernel';
import { EVENT_LOG, logFoldError, Readings, Readiness } from '#platform';

const approvals = new Readings({
  ...{ name: 'weir_approvals', help: 'Approval requests, by status' },
  labels: ['status'],
});

/** This service's own fold of weir.approval.v1: all that it knows of requests, and nowhere else stored. */
@Injectable()
export class ApprovalFold implements OnModuleInit, OnModuleDestroy {
  readonly book = new ApprovalBook({ onError: logFoldError });
  readonly #log: EventLog;
  readonly #readiness: Readiness;
  #follower: Follower | undefined;
  #unmeasured = (): void => {};

  constructor(@Inject(EVENT_LOG) log: EventLog, @Inject(Readiness) readiness: Readiness) {
    this.#log = log;
    this.#readiness = readiness;
  }

  async onModuleInit(): Promise<void> {
    let ready = false;
    this.#readiness.add('approval', () => ready);
    this.#follower = new Follower(this.#log, topics.approval, this.book, logFoldError);
    await this.#follower.caughtUp;
    this.#unmeasured = approvals.add(() =>
      Object.entries(this.book.counts()).map(([status, count]) => [[status], count]),
    );
    ready = true;
  }

  async onModuleDestroy(): Promise<void> {
    this.#unmeasured();
    await this.#follower?.stop();
  }

  get follower(): Follower {
    if (!this.#follower) throw new AppError('SHUTTING_DOWN', 'the approval service has not started');
    return this.#follower;
  }

  /** For a read that names a log position: waits until it is folded. TIMEOUT if that takes too long. */
  async readFrom(position: string | undefined): Promise<void> {
    const wanted = position === undefined ? undefined : parsePosition(position);
    if (wanted?.topic !== topics.approval) return;
    if (!(await this.follower.reached(wanted)))
      throw new AppError('TIMEOUT', 'this service has not read the log that far yet');
  }
}
