import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { EventLog, LoggedEvent, Position, Tail } from '#event-log';
import { encodeEnvelope, newEvent, topics, TreeCutSchema } from '#events';
import { AppError, type Clock } from '#kernel';
import { CLOCK, CONFIG, Counts, EVENT_LOG, INSTANCE, Readiness, Readings, type WeirConfig } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import { Turns } from '../turns.js';
import { openSink, type CheckpointSink } from './checkpoint.sink.js';
import { openProofKeys, type ProofKeys } from './proof.keys.js';
import { CutBook, mostCutEvents, provenTopics, treeKey, type Cut, type TreeName } from './tree.cuts.js';
import { TreeWriter } from './tree.writer.js';

/** Of one tree in one round; the next goes on. */
const mostCuts = 200;
const age = new Readings({
  ...{ name: 'weir_proof_checkpoint_age_seconds' },
  help: 'Since all that was stored had its checkpoint, here and in the sink',
});
const failures = new Counts({
  ...{ name: 'weir_proof_failures_total', help: 'Times that a checkpoint could not be made or sent' },
}).of();
/** Milliseconds in which an own cut comes back from the log. */
const cutTimeout = 10_000;
/** Milliseconds that a request waits for the trees after a start. */
const longestWait = 3000;

/**
 * Grows the trees: cuts the log where it is stored, at an interval, and makes leaves of what lies between two cuts.
 * Cuts are events themselves, so that every process that reads the log makes the same trees.
 */
@Injectable()
export class ProofService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly folder: string;
  readonly #log = new Logger('proof');
  readonly #interval: number;
  readonly #sink: CheckpointSink | undefined;
  readonly #book = new CutBook();
  readonly #writers = new Map<string, TreeWriter>();
  /** Cuts that count and are not in their tree yet. */
  readonly #pending = new Map<string, Cut[]>();
  /** Cuts that count, of trees whose next one ends where the log has not come to yet. */
  readonly #ahead = new Map<string, Cut[]>();
  /** By tree, as last asked: the log has come at least as far. */
  readonly #logEnds = new Map<string, number>();
  /** The tail and a round may want to grow the same tree. */
  readonly #turns = new Turns<string>();
  readonly #stop = new AbortController();
  #keys!: ProofKeys;
  #tail: Tail | undefined;
  #running: Promise<void> = Promise.resolve();
  #failing = false;
  #isCaughtUp = false;
  #isGrown = false;
  #madeAt: number;
  #unmeasured = (): void => {};

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(IngestService) private readonly ingest: IngestService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(Readiness) readiness: Readiness,
  ) {
    this.folder = join(config.dataDir, 'proof');
    this.#interval = config.audit.proof.interval * 1000;
    this.#sink = openSink(config);
    this.#madeAt = clock.now();
    readiness.add('proof', () => this.isGrown);
  }

  /** Whether the trees had all cuts that stood in the log at the start: until then other services' are longer. */
  get isGrown(): boolean {
    this.#isGrown ||= this.#isCaughtUp && [...this.#pending.values()].every(({ length }) => length === 0);
    return this.#isGrown;
  }

  get keys(): ProofKeys {
    return this.#keys;
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#keys = await openProofKeys(this.config);
    this.#tail = this.eventLog.tail({ topics: [topics.proof] }, (batch) => this.#apply(batch));
    this.#running = this.#run(this.#tail);
    this.#unmeasured = age.add(() => [[[], Math.max(0, this.clock.now() - this.#madeAt) / 1000]]);
  }

  /**
   * What is stored by now gets its checkpoint. Nest destroys whoever depends before what it depends on: ingest still runs
   * and says how far it has stored; once it has stopped it names no place to cut at.
   */
  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    this.#unmeasured();
    await this.#running;
    await this.#tail?.stop();
  }

  /** The newest checkpoint of each tree; after a start not before they are what they were. */
  async checkpoints(): Promise<string[]> {
    await this.#old();
    return [...this.#writers.values()].flatMap(({ note }) => note ?? []);
  }

  /** Undefined for a tree that is not. */
  async tree(name: string): Promise<TreeWriter | undefined> {
    await this.#old();
    return this.#writers.get(name);
  }

  /** The offset of the last event that a checkpoint of this tree covers; -1: none, or not known yet. */
  coveredThrough(tree: TreeName): number {
    return this.#writers.get(treeKey(tree))?.through ?? -1;
  }

  /** Resolves once the log's cuts are in their trees; LOG_UNAVAILABLE where that takes too long for a request. */
  async #old(): Promise<void> {
    const late = delay(longestWait, 'late' as const, { ref: false });
    if ((await Promise.race([this.#tail?.caughtUp, late])) !== 'late') return;
    throw new AppError('LOG_UNAVAILABLE', 'the trees are not made yet of what the log has', {
      hint: 'they are made after each start of the audit service: ask again in some seconds',
    });
  }

  /** Covers all that is stored now and sends what is new to the sink. */
  async round(): Promise<void> {
    const ends = await this.#ends();
    const failed = await this.#growAll();
    for (const end of ends) if (!failed.has(treeKey(end))) await this.#cutAll(end);
    await this.#send();
    const [first] = failed.values();
    if (failed.size > 0) throw first;
  }

  /** Which trees did not grow, and why: they keep no other from it. */
  async #growAll(): Promise<Map<string, unknown>> {
    for (const [key, cuts] of this.#ahead) {
      this.#ahead.delete(key);
      this.#pending.set(key, [...cuts, ...(this.#pending.get(key) ?? [])]);
    }
    const failed = new Map<string, unknown>();
    for (const key of this.#pending.keys())
      await this.#grow(key).catch((error: unknown) => failed.set(key, error));
    return failed;
  }

  async #run(tail: Tail): Promise<void> {
    const caughtUp = tail.caughtUp.then(
      () => true,
      () => false,
    );
    // Until then the trees are not what they were: no round, not even a last one.
    this.#isCaughtUp = await Promise.race([caughtUp, aborted(this.#stop.signal)]);
    if (!this.#isCaughtUp) return;
    for (let going = true; going;) {
      going = await delay(this.#interval, true, { signal: this.#stop.signal }).catch(() => false);
      await this.#tryRound();
    }
  }

  async #tryRound(): Promise<void> {
    try {
      await this.round();
      this.#madeAt = this.clock.now();
      if (this.#failing) this.#log.log('checkpoints are made and sent again');
      this.#failing = false;
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Once, not at every try. */
  #complain(error: unknown): void {
    failures.value++;
    if (!this.#failing)
      this.#log.error({ message: 'checkpoints are not made or not sent; trying on', error });
    this.#failing = true;
  }

  async #ends(): Promise<Position[]> {
    return (await Promise.all(provenTopics.map((topic) => this.eventLog.end(topic)))).flat();
  }

  /**
   * Never past what is stored: whoever verifies holds the trees against the store. Nor past the log, whatever the store
   * says: that cut would count, and the tree would wait for what it claims.
   */
  async #cutAll({ topic, partition, offset: end }: Position): Promise<void> {
    const tree = { topic, partition };
    const isLast = this.#stop.signal.aborted;
    for (let cuts = 0; cuts < mostCuts && this.#stop.signal.aborted === isLast; cuts++) {
      const after = this.#book.through(tree);
      const through = Math.min(this.ingest.storedThrough(tree), end, after + mostCutEvents);
      if (through <= after) return;
      const origin = { source: `audit/${this.instance}`, subject: treeKey(tree), clock: this.clock };
      const cut = newEvent(
        TreeCutSchema,
        { ...tree, after: BigInt(after), through: BigInt(through) },
        origin,
      );
      await this.eventLog.append(topics.proof, [encodeEnvelope(cut)]);
      await this.#tail?.passed(cut.id, cutTimeout);
    }
  }

  /** One tree that can't grow keeps no other from it; each round tries again. */
  async #apply(batch: readonly LoggedEvent[]): Promise<void> {
    for (const event of batch) {
      const cut = this.#book.take(event);
      if (!cut) continue;
      const cuts = this.#pending.get(treeKey(cut)) ?? [];
      cuts.push(cut);
      this.#pending.set(treeKey(cut), cuts);
      await this.#grow(treeKey(cut)).catch((error: unknown) => this.#complain(error));
    }
  }

  #grow(key: string): Promise<void> {
    return this.#turns.take(key, async () => {
      const cuts = this.#pending.get(key) ?? [];
      for (let cut = cuts[0]; cut; cut = cuts[0]) {
        if (cut.through > (await this.#endFor(cut))) {
          this.#ahead.set(key, [...(this.#ahead.get(key) ?? []), ...cuts.splice(0)]);
          return this.#tellAhead(cut);
        }
        await (await this.#writer(cut)).apply(cut);
        cuts.shift();
      }
    });
  }

  /** Where the tree's partition ends; asked anew only where the cut lies behind what is known. */
  async #endFor(cut: Cut): Promise<number> {
    const known = this.#logEnds.get(treeKey(cut)) ?? -1;
    if (cut.through <= known) return known;
    for (const end of await this.eventLog.end(cut.topic)) this.#logEnds.set(treeKey(end), end.offset);
    return this.#logEnds.get(treeKey(cut)) ?? -1;
  }

  /** Of a partition that is not there it keeps nothing unproven. */
  async #tellAhead(cut: Cut): Promise<void> {
    if (!(await this.eventLog.partitions(cut.topic)).includes(cut.partition)) return;
    const end = this.#logEnds.get(treeKey(cut)) ?? -1;
    const says = `a cut of ${treeKey(cut)} ends at ${cut.through}, the log at ${end}: that tree waits`;
    throw new AppError('CONFLICT', says);
  }

  async #writer({ topic, partition }: TreeName): Promise<TreeWriter> {
    const tree = { topic, partition };
    const key = treeKey(tree);
    const writer =
      this.#writers.get(key) ??
      (await TreeWriter.open({ tree, folder: this.folder, log: this.eventLog, keys: this.#keys }));
    this.#writers.set(key, writer);
    return writer;
  }

  /** Of the partitions that this process carries; the sink has the others' from whoever does. */
  async #send(): Promise<void> {
    if (!this.#sink) return;
    for (const { unsent, tree } of this.#writers.values()) {
      // Who takes a partition over sends once more what the one before it may have left unsent.
      if (!this.ingest.owns(tree)) unsent.splice(0, Math.max(0, unsent.length - mostTakenOver));
      else await sendAll(this.#sink, unsent);
    }
  }
}

const mostTakenOver = 100;

async function sendAll(sink: CheckpointSink, unsent: string[]): Promise<void> {
  for (let note = unsent[0]; note !== undefined; note = unsent[0]) {
    await sink(note);
    if (unsent[0] === note) unsent.shift();
  }
}

/** Resolves, with false, once it is. */
const aborted = (signal: AbortSignal): Promise<false> =>
  new Promise((done) =>
    signal.aborted ? done(false) : signal.addEventListener('abort', () => done(false), { once: true }),
  );
