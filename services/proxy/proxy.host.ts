import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { ApprovalBook, Follower } from '#domain';
import type { EventLog } from '#event-log';
import { EndSessionSchema, payload, topics } from '#events';
import type { AppError, Clock } from '#kernel';
import type { MaskingSet } from '#masking';
import {
  CLOCK,
  CONFIG,
  EVENT_LOG,
  FileApprovalKeys,
  INSTANCE,
  parseAddress,
  Readiness,
  TOKEN_VERIFIER,
  type TokenVerifier,
  type WeirConfig,
} from '#platform';
import { ensureServerCertificate, loadServerCertificate } from '#wire';
import type { TargetAddress } from './gate/gate.js';
import { Holds } from './gate/holds.js';
import { PolicyFollower } from './gate/policy-follower.js';
import { WeirGate } from './gate/weir-gate.js';
import { openJournal, startShipper, type FileJournal, type Shipper } from './journal/index.js';
import { listen, type Listener } from './listener.js';
import { CatalogPool } from './postgres/catalog-pool.js';
import { PostgresDoor } from './postgres/door.js';
import { secretKeyFile } from './secret-key.file.js';

/** An approval waits this long for a person, and its grant as long again. Milliseconds. */
const approvalOpenMs = 60 * 60_000;
const maxConnections = 2000;
/** What sessions get to reach an idle point when the gate shuts down. Milliseconds. */
const shutdownGraceMs = 5_000;
const drainMs = 5_000;

/** Builds the data plane from its parts, and takes it down in the reverse order. */
@Injectable()
export class ProxyHost implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('proxy');
  private policies!: PolicyFollower;
  private approvals!: Follower;
  private commands!: { stop(): Promise<void> };
  private catalogs!: CatalogPool;
  private journal!: FileJournal;
  private shipper!: Shipper;
  private gate!: WeirGate;
  private listener: Listener | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifier,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  async onModuleInit(): Promise<void> {
    this.readiness.add('proxy', () => this.listener !== undefined && this.policies.isReady);
    const { config, clock, eventLog, instance } = this;
    const keys = join(config.dataDir, 'keys');
    this.policies = new PolicyFollower({
      eventLog,
      pseudonymKey: await secretKeyFile(join(keys, 'pseudonym.key')),
      onMasking: () => void this.catalogs.recompile(),
      log: (error) => this.log(error, {}),
    });
    this.catalogs = new CatalogPool(() => this.policies.masking(), clock);
    const book = new ApprovalBook();
    this.approvals = new Follower(eventLog, topics.approval, book);
    const { mode, maxBytes } = config.journal;
    const dir = join(config.dataDir, 'journal');
    this.journal = await openJournal({ dir, mode, maxBytes, clock, source: `proxy/${instance}` });
    this.shipper = startShipper(this.journal, eventLog);
    const holds = new Holds({
      book,
      follower: this.approvals,
      keys: new FileApprovalKeys(config.dataDir),
      bindingKey: await secretKeyFile(join(keys, 'binding.key')),
      clock,
      instance,
      publicUrl: config.publicUrl,
      openMs: approvalOpenMs,
    });
    const { policies, journal, verifier } = this;
    this.gate = new WeirGate({ config, verifier, policies, journal, holds, eventLog, clock, instance });
    await Promise.all([this.policies.caughtUp, this.approvals.caughtUp]);
    await this.followCommands();
  }

  async onApplicationBootstrap(): Promise<void> {
    const { config, gate, catalogs } = this;
    const certificate = config.tls
      ? await loadServerCertificate(config.tls.cert, config.tls.key)
      : await ensureServerCertificate(join(config.dataDir, 'tls'), this.clock);
    const door = new PostgresDoor({
      gate,
      catalogs,
      secureContext: createSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
      startupTimeoutMs: config.sessions.startupTimeout * 1000,
      limits: { recordBytes: config.recording.maxResultBytes },
      log: (error, about) => this.log(error, about),
    });
    this.listener = await listen({
      ...parseAddress(config.listen.postgres),
      maxConnections,
      serve: (socket) => door.serve(socket),
      refuse: (socket) => door.refuse(socket),
      onError: (error, remoteAddress) => this.log(error as AppError, { client: remoteAddress ?? '' }),
    });
  }

  /** Where PostgreSQL clients connect; the port is known once it listens. */
  get address(): { host: string; port: number } | undefined {
    return this.listener;
  }

  /** What the API's own reading of a target needs. Throws CONNECTION_UNKNOWN, STALE_SNAPSHOT. */
  async place(connection: string): Promise<{ target: TargetAddress; masking: MaskingSet }> {
    return { target: await this.gate.target(connection), masking: this.policies.masking() };
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.gate.close();
    await this.listener?.close(shutdownGraceMs);
    await this.commands.stop();
    await this.catalogs.close();
    // What is not shipped now is when it starts again.
    await Promise.race([this.shipper.drained(), sleep(drainMs, undefined, { ref: false })]);
    await this.shipper.stop();
    await this.journal.close();
    await this.approvals.stop();
    await this.policies.stop();
  }

  /** Commands of before this process began are about sessions that are gone. */
  private async followCommands(): Promise<void> {
    const after = await this.eventLog.end(topics.command);
    this.commands = this.eventLog.tail({ topics: [topics.command], after }, (batch) => {
      for (const { envelope } of batch) {
        const command = payload(EndSessionSchema, envelope);
        if (command) this.gate.end(command.sessionId, command.reason);
      }
    });
  }

  private log(error: AppError, about: Readonly<Record<string, string>>): void {
    this.logger.warn({ message: error.message, code: error.code, ...about, ...causeOf(error) });
  }
}

/** The cause is for operators; INTERNAL has nothing else to say. */
function causeOf(error: AppError): { cause?: string } {
  if (!(error.cause instanceof Error)) return {};
  return {
    cause: error.code === 'INTERNAL' ? (error.cause.stack ?? error.cause.message) : error.cause.message,
  };
}
