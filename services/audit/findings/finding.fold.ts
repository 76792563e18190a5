import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { FindingBook, findingStates, Follower, parsePosition, quarantineLevels, severities } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { AppError } from '#kernel';
import { EVENT_LOG, logFoldError, Readings, Readiness } from '#platform';

const findings = new Readings({
  ...{ name: 'weir_findings', help: 'Findings of the last 30 days, by severity and state' },
  labels: ['severity', 'state'],
});
const quarantines = new Readings({
  ...{ name: 'weir_quarantines', help: 'Quarantines that stand, by level' },
  labels: ['level'],
});

/** This service's own fold of weir.finding.v1, and its way to write there. */
@Injectable()
export class FindingFold implements OnModuleInit, OnModuleDestroy {
  readonly book = new FindingBook(logFoldError);
  readonly #log: EventLog;
  readonly #readiness: Readiness;
  #follower: Follower | undefined;
  #unmeasured: readonly (() => void)[] = [];

  constructor(@Inject(EVENT_LOG) log: EventLog, @Inject(Readiness) readiness: Readiness) {
    this.#log = log;
    this.#readiness = readiness;
  }

  async onModuleInit(): Promise<void> {
    let ready = false;
    this.#readiness.add('findings', () => ready);
    this.#follower = new Follower(this.#log, topics.finding, this.book, logFoldError);
    await this.#follower.caughtUp;
    this.#unmeasured = [findings.add(() => this.#counts()), quarantines.add(() => this.#levels())];
    ready = true;
  }

  async onModuleDestroy(): Promise<void> {
    for (const unmeasured of this.#unmeasured) unmeasured();
    await this.#follower?.stop();
  }

  get follower(): Follower {
    if (!this.#follower) throw new AppError('SHUTTING_DOWN', 'findings are not read yet');
    return this.#follower;
  }

  /** For a read that names a log position: waits until it is folded. TIMEOUT if that takes too long. */
  async readFrom(position: string | undefined): Promise<void> {
    const wanted = position === undefined ? undefined : parsePosition(position);
    if (wanted?.topic !== topics.finding) return;
    if (!(await this.follower.reached(wanted)))
      throw new AppError('TIMEOUT', 'this service has not read the log that far yet');
  }

  #counts(): [string[], number][] {
    const counts = new Map<string, number>();
    for (const { severity, state } of this.book.all())
      counts.set(`${severity} ${state}`, (counts.get(`${severity} ${state}`) ?? 0) + 1);
    return severities.flatMap((severity) =>
      findingStates.map((state): [string[], number] => [
        [severity, state],
        counts.get(`${severity} ${state}`) ?? 0,
      ]),
    );
  }

  #levels(): [string[], number][] {
    const standing = this.book.quarantines();
    return quarantineLevels.map((level) => [[level], standing.filter((each) => each.level === level).length]);
  }
}
