import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import type { EventLog, Partition } from '#event-log';
import { topics } from '#events';
import type { Clock } from '#kernel';
import { breathOf, CLOCK, CONFIG, EVENT_LOG, INSTANCE, YIELDS, type WeirConfig } from '#platform';
import { DETECTION_OWN_READER, DETECTION_READER, DETECTION_WRITER } from '../audit.tokens.js';
import { IngestService } from '../ingest/ingest.service.js';
import { DetectionEngine } from './detection.engine.js';
import { count, countsOf, cuts, failures, files, raised, rounds, up, waiting } from './detection.metrics.js';
import { settingsOf } from './detection.settings.js';
import type { Detector } from './detector.check.js';
import { DetectorShelf } from './detector.shelf.js';
import { detectorFolders, shippedIds } from './detectors.load.js';
import type { ShelvedFile } from './detectors.published.js';
import { expireFeatures } from './features.expiry.js';
import { FindingDesk } from './finding.desk.js';
import { dayOf } from './store.sql.js';

/** Milliseconds between two looks at what ingest has stored, which cost nothing; at a store of its own, which cost a query. */
const every = { embedded: 100, clickhouse: 1000 } as const;
/** Milliseconds between two rounds, at least; hours and days end where nothing comes, too. */
const shortest = 500;
const mostIdle = 30_000;
/** After a start: there is something better to do then, as long as nothing comes. Milliseconds. */
const firstAfter = 2000;
const firstIdle = 15_000;

/** Detection as a part of the application. Of several processes it runs in the one that carries the topic of findings. */
@Injectable()
export class DetectionService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('detection');
  readonly #stop = new AbortController();
  /** What was complained of and is not over: detectors by id, the round itself as ''. */
  readonly #said = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  readonly #shelf: DetectorShelf;
  #engine: DetectionEngine | undefined;
  /** Of a set that runs no more, what is being asked still. */
  #leaving: Promise<unknown> = Promise.resolve();
  /** What was stored when there was nothing to do, and when that was looked at last. */
  #seen = '';
  #looked = 0;
  /** What it looks for news in; a topic's partitions are fixed. */
  #watched: readonly Partition[] | undefined;
  #expired = 0;
  #files: readonly ShelvedFile[] = [];
  #stopReading = (): void => undefined;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(DETECTION_WRITER) private readonly writer: ClickHouseClient,
    @Inject(DETECTION_READER) private readonly reader: ClickHouseClient,
    @Inject(DETECTION_OWN_READER) private readonly ownReader: ClickHouseClient,
    @Inject(IngestService) private readonly ingest: IngestService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(YIELDS) private readonly yields: boolean,
  ) {
    this.#shelf = this.#newShelf();
  }

  onApplicationBootstrap(): void {
    count(shippedIds());
    const none = shippedIds().map((id) => [id, 0] as const);
    const stops = [
      waiting.add(() => [...(this.#engine?.waiting() ?? none)].map(([id, number]) => [[id], number])),
      files.add(() => countsOf(this.#files)),
      up.add(() => [[[], this.#said.has('') ? 0 : 1]]),
    ];
    this.#stopReading = () => stops.forEach((stop) => stop());
    if (this.config.detection.enabled) this.#running = this.#run();
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    this.#stopReading();
    await this.#running;
    await Promise.all([this.#leaving, this.#engine?.settled()]);
  }

  /** Works in all that is stored by now; nothing where another process does that. Returns whether there was anything to do. */
  async round(): Promise<boolean> {
    if (!this.ingest.owns({ topic: topics.finding, partition: 0 })) {
      this.#forget();
      return false;
    }
    // A set of detectors has an engine of its own: where it goes on stands in the store.
    if (await this.#shelf.look()) this.#leave();
    const seen = await this.#stored();
    if (seen === this.#seen && this.clock.now() - this.#looked < mostIdle) return false;
    this.#looked = this.clock.now();
    this.#engine ??= this.#open();
    const begun = performance.now();
    await this.#engine.round();
    rounds.observe((performance.now() - begun) / 1000);
    this.#seen = this.#engine.hasMore ? '' : seen;
    await this.#expire();
    return true;
  }

  /** Once a day: what nobody reads any more, and what was made of a record that retention no longer keeps. */
  async #expire(): Promise<void> {
    const today = dayOf(this.clock.now());
    if (this.#expired === today) return;
    await expireFeatures(this.writer, today, this.config.audit.retention.sessions);
    this.#expired = today;
  }

  async #run(): Promise<void> {
    const breath = breathOf(this.yields);
    const tick = every[this.config.auditStore.kind];
    let goesOn = await this.#first(tick);
    while (goesOn) {
      const [begun, before] = [performance.now(), process.cpuUsage()];
      const worked = (await this.#tryRound()) ? this.#worked(begun, before) : 0;
      const rest = worked === 0 ? 0 : restAfter(worked, breath.after(worked));
      goesOn = await this.#pause(Math.max(tick, rest));
    }
  }

  /** Until something has been recorded since the start, or for a while. */
  async #first(tick: number): Promise<boolean> {
    const stood = await this.#logged();
    if (!(await this.#pause(firstAfter))) return false;
    for (let waited = 0; waited < firstIdle; waited += tick) {
      if ((await this.#logged()) !== stood) return true;
      if (!(await this.#pause(tick))) return false;
    }
    return true;
  }

  async #logged(): Promise<string> {
    const ends = await this.eventLog.end(topics.session).catch(() => []);
    return ends.map(({ offset }) => offset).join();
  }

  /** Milliseconds: of processors where the store is in this process, by a clock where it works elsewhere. */
  #worked(begun: number, before: NodeJS.CpuUsage): number {
    const { user, system } = process.cpuUsage(before);
    const wall = performance.now() - begun;
    return this.config.auditStore.kind === 'clickhouse' ? wall : Math.min(wall, (user + system) / 1000);
  }

  async #tryRound(): Promise<boolean> {
    try {
      const worked = await this.round();
      if (this.#said.delete('')) this.#log.log('detection goes on');
      return worked;
    } catch (error) {
      if (this.#stop.signal.aborted) return true;
      this.#forget();
      if (!this.#said.has('')) this.#log.error({ message: 'detection does not get on; trying on', error });
      this.#said.add('');
      return true;
    }
  }

  #forget(): void {
    this.#engine?.forget();
    this.#shelf.forget();
  }

  #leave(): void {
    this.#engine?.forget();
    this.#leaving = Promise.all([this.#leaving, this.#engine?.settled()]);
    this.#engine = undefined;
  }

  #open(): DetectionEngine {
    const breath = breathOf(this.yields);
    const desk = new FindingDesk({
      ...{ log: this.eventLog, client: this.writer, source: `audit/${this.instance}`, clock: this.clock },
      onRaised: ({ detector }) => raised.of(detector.id).value++,
    });
    return new DetectionEngine({
      ...{ settings: settingsOf(this.config), detectors: this.#shelf.detectors, own: this.#shelf.own },
      ...{ raise: desk.raise, clock: this.clock },
      store: { writer: this.writer, reader: this.reader },
      log: {
        ends: () => this.eventLog.end(topics.session),
        isStored: (position) => this.ingest.has(position),
      },
      ownReader: this.ownReader,
      rest: (worked) => this.#pause(restOf(worked, breath.after(worked))),
      signal: this.#stop.signal,
      onFailure: (detector, error) => this.#complain(detector, error),
      onCut: (detector) => this.#tellCut(detector),
    });
  }

  #newShelf(): DetectorShelf {
    return new DetectorShelf({
      folders: detectorFolders(this.config.detection.detectors),
      ...{ settings: settingsOf(this.config), reader: this.reader, client: this.writer },
      ...{ log: this.eventLog, source: `audit/${this.instance}`, clock: this.clock },
      onSet: (files) => this.#tell(files),
    });
  }

  #tell(files: readonly ShelvedFile[]): void {
    this.#files = files;
    for (const { file, refused, detector } of files.filter((each) => each.refused !== ''))
      this.#log.error(
        `detector ${file} is refused: ${refused}; ${detector ? 'its last good version runs on' : 'the others run'}`,
      );
    const running = files.flatMap(({ detector }) => detector ?? []);
    this.#log.log(`${running.length} detectors run`);
    count(running.map(({ id }) => id));
    // One that is another now is complained of anew.
    for (const { id } of running) for (const said of [id, `cut ${id}`]) this.#said.delete(said);
  }

  /** Once, not at every round. */
  #complain({ id, file }: Detector, error: unknown): void {
    failures.of(id).value++;
    if (this.#said.has(id)) return;
    this.#said.add(id);
    this.#log.error({
      message: `detector ${file} does not answer; the others run on, and it is asked again, by the hour`,
      error,
    });
  }

  /** Once, too. */
  #tellCut({ id, file }: Detector): void {
    cuts.of(id).value++;
    if (this.#said.has(`cut ${id}`)) return;
    this.#said.add(`cut ${id}`);
    this.#log.warn(`detector ${file} finds more in an hour than is taken; of each identity the latest are`);
  }

  /** Where this process carries everything: how far that is stored. Elsewhere the store alone knows. */
  async #stored(): Promise<string> {
    if (this.config.auditStore.kind === 'clickhouse') return String(this.clock.now());
    this.#watched ??= await this.#partitions();
    return this.#watched.map((each) => this.ingest.storedThrough(each)).join();
  }

  async #partitions(): Promise<Partition[]> {
    const found = [topics.session, topics.policy].map(async (topic) =>
      (await this.eventLog.partitions(topic)).map((partition) => ({ topic, partition })),
    );
    return (await Promise.all(found)).flat();
  }

  #pause(milliseconds: number): Promise<boolean> {
    return delay(milliseconds, true, { signal: this.#stop.signal, ref: false }).catch(() => false);
  }
}

/**
 * Milliseconds of rest after so many of work: detection takes a quarter of one processor; where a round takes seconds, because an
 * hour is very full, half of one. On a busy machine sessions come first, but seconds count here, too.
 */
const restAfter = (worked: number, breath: number): number => Math.max(shortest, restOf(worked, breath));

const restOf = (worked: number, breath: number): number =>
  Math.max(worked, Math.min(3 * worked, 3000), Math.min(breath, 1500));
