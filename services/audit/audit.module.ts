import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { ClickHouseClient, ReaderLimits } from '#audit-store';
import { CONFIG, type WeirConfig } from '#platform';
import {
  AUDIT_CONTROL,
  AUDIT_READER,
  AUDIT_RETENTION,
  AUDIT_WRITER,
  DETECTION_OWN_READER,
  DETECTION_READER,
  DETECTION_WRITER,
  RECORD_READER,
  SQL_READERS,
} from './audit.tokens.js';
import { ActivityController } from './activity/activity.controller.js';
import { ActivityReads } from './activity/activity.reads.js';
import { ApprovalRequests } from './activity/approval.requests.js';
import { ClickHouseEndpoint } from './clickhouse/clickhouse.endpoint.js';
import { DetectionService } from './detection/detection.service.js';
import { DetectorReads } from './detection/detector.reads.js';
import { DetectorsController } from './detection/detectors.controller.js';
import { FindingFold } from './findings/finding.fold.js';
import { FindingReads } from './findings/finding.reads.js';
import { FindingsController } from './findings/findings.controller.js';
import { QuarantinesController } from './findings/quarantines.controller.js';
import { KnownIdentities } from './findings/known.identities.js';
import { PrincipalsReads } from './findings/principals.reads.js';
import { TriageDesk } from './findings/triage.desk.js';
import { IngestService } from './ingest/ingest.service.js';
import { LogController } from './proof/log.controller.js';
import { ProofService } from './proof/proof.service.js';
import { RecordReads } from './proof/record.reads.js';
import { RetentionService } from './retention/retention.service.js';
import { DecisionsController } from './sessions/decisions.controller.js';
import { SessionEnding } from './sessions/session.ending.js';
import { SessionReads } from './sessions/session.reads.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { ReaderPool } from './sql/reader.pool.js';
import { SqlController } from './sql/sql.controller.js';
import { SqlRunner } from './sql/sql.runner.js';
import { openAuditStore, openControl, openReader } from './store.open.js';

const mebibyte = 1024 * 1024;

const ownLimits: ReaderLimits = {
  seconds: 30,
  memory: 1024 * mebibyte,
  resultRows: 100_000,
  resultBytes: 128 * mebibyte,
  threads: 2,
};
const sqlLimits: ReaderLimits = {
  seconds: 20,
  memory: 1024 * mebibyte,
  resultRows: 10_000,
  resultBytes: 16 * mebibyte,
  threads: 2,
};
/** Of one detector's query. */
const detectorLimits: ReaderLimits = { ...ownLimits, seconds: 10, resultRows: 10_000 };
/** Milliseconds; the engine's own limit is the second line. */
const sqlTimeLimit = 15_000;
/** Each runs one query at a time, on a thread of the process's pool: two leave threads to the others. */
const sqlReaders = 2;

const openOwnReader = (config: WeirConfig) => openReader(config, ownLimits);

/** The log into ClickHouse, and what people read there. Asks PlatformModule for the log and the configuration. */
@Module({
  controllers: [
    ...[SessionsController, DecisionsController, ActivityController, SqlController, LogController],
    ...[FindingsController, QuarantinesController, DetectorsController],
  ],
  providers: [
    // The others wait for this one: the tables must stand before a reader looks for them.
    { provide: AUDIT_WRITER, inject: [CONFIG], useFactory: openAuditStore },
    { provide: AUDIT_CONTROL, inject: [CONFIG, AUDIT_WRITER], useFactory: openControl },
    { provide: AUDIT_RETENTION, inject: [CONFIG, AUDIT_WRITER], useFactory: openControl },
    { provide: AUDIT_READER, inject: [CONFIG, AUDIT_WRITER], useFactory: openOwnReader },
    { provide: RECORD_READER, inject: [CONFIG, AUDIT_WRITER], useFactory: openOwnReader },
    { provide: DETECTION_WRITER, inject: [CONFIG, AUDIT_WRITER], useFactory: openControl },
    {
      provide: DETECTION_READER,
      inject: [CONFIG, AUDIT_WRITER],
      useFactory: (config: WeirConfig) => openReader(config, detectorLimits),
    },
    {
      provide: DETECTION_OWN_READER,
      inject: [CONFIG, DETECTION_READER],
      // Without a folder of one's own nothing is asked there.
      useFactory: (config: WeirConfig, reader: ClickHouseClient) =>
        config.detection.detectors === undefined ? reader : openReader(config, detectorLimits),
    },
    { provide: SQL_READERS, inject: [CONFIG, AUDIT_WRITER], useFactory: openSqlReaders },
    {
      provide: SqlRunner,
      inject: [SQL_READERS, AUDIT_CONTROL],
      useFactory: (readers: ReaderPool, control: ClickHouseClient) =>
        new SqlRunner({
          readers,
          control,
          timeLimit: sqlTimeLimit,
          maxRows: sqlLimits.resultRows,
          maxBytes: 2 * sqlLimits.resultBytes,
        }),
    },
    SessionReads,
    RecordReads,
    SessionEnding,
    ActivityReads,
    ApprovalRequests,
    FindingFold,
    FindingReads,
    KnownIdentities,
    PrincipalsReads,
    TriageDesk,
    IngestService,
    ProofService,
    RetentionService,
    DetectionService,
    DetectorReads,
    ClickHouseEndpoint,
  ],
})
export class AuditModule implements OnApplicationShutdown {
  readonly #clients: ReadonlySet<ClickHouseClient>;

  constructor(
    @Inject(AUDIT_WRITER) writer: ClickHouseClient,
    @Inject(AUDIT_CONTROL) control: ClickHouseClient,
    @Inject(AUDIT_RETENTION) retention: ClickHouseClient,
    @Inject(AUDIT_READER) reader: ClickHouseClient,
    @Inject(RECORD_READER) records: ClickHouseClient,
    @Inject(DETECTION_WRITER) detection: ClickHouseClient,
    @Inject(DETECTION_READER) detectors: ClickHouseClient,
    @Inject(DETECTION_OWN_READER) own: ClickHouseClient,
    @Inject(SQL_READERS) pool: ReaderPool,
  ) {
    const ofDetection = [detection, detectors, own];
    this.#clients = new Set([writer, control, retention, reader, records, ...ofDetection, ...pool.clients]);
  }

  /** After ingest stopped (`onModuleDestroy`) and the last request was answered. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
  }
}

async function openSqlReaders(config: WeirConfig): Promise<ReaderPool> {
  const opening = Array.from({ length: sqlReaders }, () => openReader(config, sqlLimits));
  return new ReaderPool(await Promise.all(opening));
}
