import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectAuditReader,
  connectAuditStore,
  migrateAuditStore,
  type AuditStoreConfig,
  type ClickHouseClient,
} from '#audit-store';
import { openEmbeddedLog, type EventLog } from '#event-log';
import {
  FindingRaisedSchema,
  payload,
  topics,
  type EncodedEnvelope,
  type FindingRaised,
  type Topic,
} from '#events';
import { ManualClock } from '#kernel';
import { DetectionEngine } from '../../services/audit/detection/detection.engine.js';
import type { EngineOptions, RecordLog } from '../../services/audit/detection/detection.options.js';
import {
  defaultSettings,
  type DetectionSettings,
} from '../../services/audit/detection/detection.settings.js';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { loadDetectors, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { FindingDesk } from '../../services/audit/detection/finding.desk.js';
import { Ingest } from '../../services/audit/ingest/ingest.js';

/** Of the reader that runs detectors, as services/audit/audit.module.ts has them. */
const limits = { seconds: 10, memory: 1 << 30, resultRows: 10_000, resultBytes: 128 << 20, threads: 2 };

/** A real log and a real embedded store with ingest and detection between them; the clock is the test's. */
export class DetectionStage {
  readonly clock: ManualClock;
  readonly failures: string[] = [];
  readonly cuts: string[] = [];
  readonly raised: string[] = [];

  private constructor(
    private readonly root: string,
    readonly log: EventLog,
    readonly writer: ClickHouseClient,
    readonly reader: ClickHouseClient,
    readonly ingest: Ingest,
    readonly settings: DetectionSettings,
    now: number,
  ) {
    this.clock = new ManualClock(now);
  }

  static async start(now: number, settings: Partial<DetectionSettings> = {}): Promise<DetectionStage> {
    const root = mkdtempSync(join(tmpdir(), 'weir-detection-'));
    const config: AuditStoreConfig = { kind: 'embedded', path: join(root, 'audit') };
    const log = openEmbeddedLog({ path: join(root, 'log') });
    const client = connectAuditStore(config);
    await migrateAuditStore(client);
    const ingest = new Ingest({ log, client, interval: 5 });
    await ingest.start();
    const reader = await connectAuditReader(config, limits);
    const writer = connectAuditStore(config);
    const all = { ...defaultSettings, ...settings };
    const stage = new DetectionStage(root, log, writer, reader, ingest, all, now);
    stage.#client = client;
    return stage;
  }
  #client: ClickHouseClient | undefined;

  detectors(folders = [shippedDetectors()]) {
    return loadDetectors(this.reader, folders, this.settings);
  }

  /** As after a start: it knows nothing but what the store has. */
  engine(
    detectors: readonly Detector[],
    log: Partial<RecordLog> = {},
    more: Partial<EngineOptions> = {},
  ): DetectionEngine {
    const desk = new FindingDesk({
      ...{ log: this.log, client: this.writer, source: 'audit/test', clock: this.clock },
      onRaised: ({ id }) => this.raised.push(id),
    });
    return new DetectionEngine({
      ...{ detectors, settings: this.settings, raise: desk.raise, clock: this.clock },
      store: { writer: this.writer, reader: this.reader },
      log: {
        ends: () => this.log.end(topics.session),
        isStored: (position) => Promise.resolve(this.ingest.has(position)),
        ...log,
      },
      onCut: ({ id }) => this.cuts.push(id),
      onFailure: ({ id }, error) => this.failures.push(`${id}: ${String(error)}`),
      ...more,
    });
  }

  /** On the log, and stored. */
  async append(events: readonly EncodedEnvelope[], topic: Topic = topics.session): Promise<void> {
    const last = (await this.log.append(topic, events)).at(-1);
    while (last && !this.ingest.has(last)) await new Promise((done) => setTimeout(done, 5));
  }

  /** On the log, as it stands there. */
  async findings(): Promise<FindingRaised[]> {
    const events = await this.log.read({ topic: topics.finding, partition: 0, offset: -1 }, 1000);
    return events.flatMap(({ envelope }) => payload(FindingRaisedSchema, envelope) ?? []);
  }

  /** `detector identity subject`, sorted. */
  async found(): Promise<string[]> {
    return (await this.findings())
      .map(({ detector, identity, subject }) => [detector, identity, subject].filter(Boolean).join(' '))
      .toSorted();
  }

  async rows<T>(query: string): Promise<T[]> {
    const clickhouse_settings = { output_format_json_quote_64bit_integers: 0 } as const;
    return (await this.writer.query({ query, format: 'JSONEachRow', clickhouse_settings })).json<T>();
  }

  async stop(): Promise<void> {
    await this.ingest.stop();
    await Promise.all([this.reader, this.writer, this.#client].map((client) => client?.close()));
    await this.log.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}
