import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import type { EventLog, LoggedEvent } from '#event-log';
import { encodeEnvelope, ErasedSchema, newEvent, payload, topics } from '#events';
import { AppError, type Clock } from '#kernel';
import { CLOCK, CONFIG, EVENT_LOG, INSTANCE, type WeirConfig } from '#platform';
import { AUDIT_RETENTION } from '../audit.tokens.js';
import { IngestService } from '../ingest/ingest.service.js';
import { ProofService } from '../proof/proof.service.js';
import { treeKey, type TreeName } from '../proof/tree.cuts.js';
import { cutoffOf, planErasure, type ErasurePlan } from './erasure.plan.js';
import { ErasureStore } from './erasure.store.js';

/** Milliseconds. */
const every = 3_600_000;
const firstAfter = 60_000;
const pollEvery = 1000;
const longestWait = 120_000;

/** Of one erasure: what is said of it is one event, what it takes away one mutation. */
const mostSessions = 1000;
const mostEvents = 50_000;

/**
 * Erases the record of sessions that are older than the configuration keeps them. Three steps, each of which may be the
 * last one before a crash: what stays of each event is written down; `Erased` says on the log what will go, and a
 * checkpoint covers it; then it goes. Whoever finds an `Erased` finishes it; rows that none names are a plan, made anew.
 */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('retention');
  readonly #store: ErasureStore;
  readonly #days: number | undefined;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) config: WeirConfig,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(AUDIT_RETENTION) client: ClickHouseClient,
    @Inject(IngestService) private readonly ingest: IngestService,
    @Inject(ProofService) private readonly proof: ProofService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INSTANCE) private readonly instance: string,
  ) {
    this.#store = new ErasureStore(client);
    this.#days = config.audit.retention.sessions;
  }

  onApplicationBootstrap(): void {
    if (this.#days !== undefined) this.#running = this.#run();
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Erases all that is too old by now, in the partitions that this process carries. */
  async round(): Promise<void> {
    const days = this.#days;
    if (days === undefined) return;
    for (const partition of await this.eventLog.partitions(topics.session)) {
      const tree = { topic: topics.session, partition };
      if (this.ingest.owns(tree)) await this.#erase(tree, days);
    }
  }

  async #run(): Promise<void> {
    for (let pause = firstAfter; await this.#pause(pause); pause = every)
      await this.round().catch((error: unknown) => {
        if (!this.#stop.signal.aborted)
          this.#log.error({ message: 'what is too old was not erased; trying again in an hour', error });
      });
  }

  async #erase(tree: TreeName, days: number): Promise<void> {
    const cutoff = cutoffOf(this.clock.now(), days);
    for (let more = true; more;) {
      await this.#finish(tree);
      const plan = await this.#plan(tree, days, cutoff);
      if (plan) await this.#announce(plan);
      more = plan !== undefined;
    }
    const offset = Math.min(this.ingest.storedThrough(tree), this.proof.coveredThrough(tree));
    await this.eventLog.expire({ ...tree, offset }, cutoff);
  }

  /** Step 1. A session of which a row does not hold the event that it says stays: whoever verifies is to find that. */
  async #plan(tree: TreeName, days: number, cutoff: number): Promise<ErasurePlan | undefined> {
    const covered = this.proof.coveredThrough(tree);
    let old = await this.#store.oldSessions(tree, cutoff, mostSessions);
    for (;;) {
      const plan = planErasure(tree, days, old, { cutoff, covered, mostEvents });
      const unread = plan ? await this.#store.keep(plan) : [];
      if (unread.length === 0) return plan;
      this.#log.error(`sessions with changed rows are not erased: ${unread.slice(0, 5).join(', ')}`);
      old = old.filter(({ session }) => !unread.includes(session));
    }
  }

  /** Step 2. */
  async #announce({ id, tree, days, first, through, sessions, events }: ErasurePlan): Promise<void> {
    const by = `audit/${this.instance}`;
    const erased = newEvent(
      ErasedSchema,
      {
        ...{ ...tree, first: BigInt(first), through: BigInt(through), sessions: sessions.length },
        ...{ events: BigInt(events), rule: 'sessions', days, by },
      },
      { source: by, subject: treeKey(tree), clock: this.clock, id },
    );
    await this.eventLog.append(topics.retention, [encodeEnvelope(erased)]);
  }

  /** Step 3, of whatever was announced last. */
  async #finish(tree: TreeName): Promise<void> {
    const event = await this.#newest(tree);
    const erased = event && payload(ErasedSchema, event.envelope);
    if (!erased) return;
    const { events, sessions } = await this.#store.kept(event.envelope.id);
    if (BigInt(events) !== erased.events)
      throw new AppError(
        'INTERNAL',
        `${event.envelope.id} is to keep ${erased.events} events, not ${events}`,
      );
    await this.#covered(event);
    await this.#store.erase(tree, Number(erased.through), sessions);
  }

  /** Once the store has all that was announced. */
  async #newest(tree: TreeName): Promise<LoggedEvent | undefined> {
    for (const { topic, partition, offset } of await this.eventLog.end(topics.retention))
      await this.ingest.readFrom(`${topic}/${partition}/${offset}`);
    return this.#store.newest(tree);
  }

  /** Nothing goes before a signed checkpoint covers what is said of it. */
  async #covered({ position }: LoggedEvent): Promise<void> {
    const isCovered = () => this.proof.coveredThrough(position) >= position.offset;
    for (let waited = 0; !isCovered(); waited += pollEvery) {
      await this.proof.round();
      if (isCovered()) return;
      if (waited >= longestWait || !(await this.#pause(pollEvery)))
        throw new AppError('TIMEOUT', 'no checkpoint covers what is to be erased');
    }
  }

  #pause(milliseconds: number): Promise<boolean> {
    return delay(milliseconds, true, { signal: this.#stop.signal, ref: false }).catch(() => false);
  }
}
