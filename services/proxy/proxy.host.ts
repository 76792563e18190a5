import './heap-growth.js';
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
import { ApprovalBook, FindingBook, Follower, type Suspect } from '#domain';
import type { EventLog, Tail } from '#event-log';
import { EndSessionSchema, payload, topics } from '#events';
import { toAppError, type AppError, type Clock } from '#kernel';
import type { MaskingSet } from '#masking';
import {
  breathOf,
  CLOCK,
  CONFIG,
  EVENT_LOG,
  FileApprovalKeys,
  INSTANCE,
  listenFailure,
  logFoldError,
  parseAddress,
  Readiness,
  TOKEN_VERIFIER,
  Tracing,
  YIELDS,
  type TokenVerifier,
  type WeirConfig,
} from '#platform';
import { ensureServerCertificate, loadServerCertificate } from '#wire';
import { Freshness } from './gate/freshness.js';
import type { TargetAddress } from './gate/gate.js';
import { Holds } from './gate/holds.js';
import { PolicyFollower } from './gate/policy-follower.js';
import { targetAddress } from './gate/target-address.js';
import { WeirGate } from './gate/weir-gate.js';
import {
  journalFolder,
  leftoverJournals,
  measureJournal,
  openJournal,
  shipLeftover,
  startShipper,
  type FileJournal,
  type Shipper,
} from './journal/index.js';
import { listen, type Listener } from './listener.js';
import { CatalogPool } from './postgres/catalog-pool.js';
import type { BackendKey } from './postgres/codec.js';
import { PostgresDoor } from './postgres/door.js';
import { proxyKeys } from './proxy.keys.js';
import { openBudgets, type OpenBudgets } from './workers/budgets.js';
import { PLACE, type Place } from './workers/place.js';

/** An approval waits this long for a person, and its grant as long again. Milliseconds. */
const approvalOpenMs = 60 * 60_000;
const maxConnections = 2000;
/** What a session that was not idle in time gets to be told. Milliseconds. */
const lastWordsMs = 1_000;
const shipMs = 5_000;

/** Builds the data plane from its parts, and takes it down in the reverse order. */
@Injectable()
export class ProxyHost implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('proxy');
  private policies!: PolicyFollower;
  private approvals!: Follower;
  private commands!: Tail;
  private findings!: Follower;
  private catalogs!: CatalogPool;
  private budgets!: OpenBudgets;
  private journal!: FileJournal;
  private unmeasured = () => {};
  private shipper!: Shipper;
  private gate!: WeirGate;
  private door!: PostgresDoor;
  private listener: Listener | undefined;
  private freshness!: Freshness;
  private drained: Promise<void> | undefined;
  private isBuilt = false;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifier,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(PLACE) private readonly place: Place,
    @Inject(Tracing) private readonly tracing: Tracing,
    @Inject(YIELDS) private readonly yields: boolean,
  ) {}

  async onModuleInit(): Promise<void> {
    this.readiness.add('proxy policies', () => this.policies.isReady);
    this.readiness.add('proxy freshness', () => this.freshness.holds);
    this.readiness.add('proxy listener', () => this.listener !== undefined);
    const { config, clock, eventLog, instance } = this;
    this.freshness = new Freshness({
      maxMs: config.sessions.maxStaleness * 1000,
      // A leader that was cut off from its cluster goes on answering those who read; it takes nothing any more.
      age: () =>
        Math.max(
          ...[this.policies.age, this.approvals.age, this.commands.age, this.findings.age],
          this.shipper.stalled,
        ),
    });
    const keys = await proxyKeys(config.sharedDir);
    this.policies = new PolicyFollower({
      eventLog,
      pseudonymKey: keys.pseudonym,
      onMasking: () =>
        void this.catalogs.recompile().catch((error: unknown) => this.log(toAppError(error), {})),
      log: (error) => this.log(error, {}),
    });
    this.catalogs = new CatalogPool(() => this.policies.masking(), clock);
    const book = new ApprovalBook({ onError: logFoldError });
    this.approvals = new Follower(eventLog, topics.approval, book, logFoldError);
    const found = new FindingBook(logFoldError);
    this.findings = new Follower(eventLog, topics.finding, found, logFoldError);
    const { mode, maxBytes } = config.journal;
    const dir = journalFolder(config.dataDir, this.place.index);
    this.journal = await openJournal({ dir, mode, maxBytes, clock, source: `proxy/${instance}` });
    this.unmeasured = measureJournal(this.journal, maxBytes, clock);
    this.shipper = startShipper(this.journal, eventLog, {
      ...{ tracing: this.tracing, breath: breathOf(this.yields) },
    });
    if (this.place.index === 0) void this.shipLeftovers();
    const holds = new Holds({
      book,
      follower: this.approvals,
      keys: new FileApprovalKeys(config.sharedDir),
      bindingKey: keys.binding,
      clock,
      instance,
      publicUrl: config.publicUrl,
      openMs: approvalOpenMs,
    });
    const log = (error: unknown) => this.log(toAppError(error), {});
    this.budgets = await openBudgets(this.place, { dataDir: config.dataDir, key: keys.lookups, clock, log });
    const { policies, journal, verifier, budgets, freshness } = this;
    this.gate = new WeirGate({
      ...{ config, verifier, policies, journal, holds, budgets, freshness, eventLog, clock, instance },
      standing: (who: Suspect) => found.standingOf(who, clock.now()),
      tracing: this.tracing,
    });
    found.onChange((identity) => {
      if (found.quarantineOf(identity)?.level === 'blocked') this.gate.endBlocked();
    });
    await Promise.all([this.policies.caughtUp, this.approvals.caughtUp, this.findings.caughtUp]);
    await this.followCommands();
    this.isBuilt = true;
    this.readiness.onLeave(() => this.drain());
  }

  async onApplicationBootstrap(): Promise<void> {
    const { config, gate, catalogs } = this;
    const certificate = config.tls
      ? await loadServerCertificate(config.tls.cert, config.tls.key)
      : await ensureServerCertificate(join(config.sharedDir, 'tls'), this.clock);
    this.door = new PostgresDoor({
      place: this.place,
      gate,
      catalogs,
      secureContext: createSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
      startupTimeoutMs: config.sessions.startupTimeout * 1000,
      limits: { recordBytes: config.recording.maxResultBytes },
      log: (error, about) => this.log(error, about),
    });
    this.listener = await listen({
      ...parseAddress(config.listen.postgres),
      maxConnections: Math.ceil(maxConnections / this.place.count),
      serve: (socket) => this.door.serve(socket),
      refuse: (socket) => this.door.refuse(socket),
      onError: (error, remoteAddress) => this.log(error as AppError, { client: remoteAddress ?? '' }),
    }).catch((error: unknown) => {
      throw listenFailure(config, 'postgres', error);
    });
    this.place.listening({ host: this.listener.host, port: this.listener.port });
  }

  /** A cancel that came to another process; resolves once it has had its effect, whatever that is. */
  cancel(key: BackendKey): Promise<boolean> {
    return this.door.cancel(key);
  }

  /** Where PostgreSQL clients connect; the port is known once it listens. */
  get address(): { host: string; port: number } | undefined {
    return this.listener;
  }

  /** What the API's own reading of a target needs. Throws CONNECTION_UNKNOWN, STALE_SNAPSHOT. */
  async target(connection: string): Promise<{ target: TargetAddress; masking: MaskingSet }> {
    const { policies, config } = this;
    return {
      target: await targetAddress(connection, policies, config.sharedDir),
      masking: policies.masking(),
    };
  }

  async beforeApplicationShutdown(): Promise<void> {
    // A start that failed on its way has served nobody: what it has opened ends with the process.
    if (!this.isBuilt) return;
    await this.drain();
    // First what is this process's own; whatever speaks to others may have to wait for them.
    await this.budgets.close();
    await this.commands.stop();
    await this.catalogs.close();
    // What is not shipped now is when it starts again.
    await Promise.race([this.shipper.drained(), sleep(shipMs, undefined, { ref: false })]);
    await this.shipper.stop();
    this.unmeasured();
    await this.journal.close();
    await this.findings.stop();
    await this.approvals.stop();
    await this.policies.stop();
  }

  /** Sessions end at their next idle point, and at the deadline wherever they are. */
  private drain(): Promise<void> {
    return (this.drained ??= this.endSessions());
  }

  private async endSessions(): Promise<void> {
    const drainMs = this.config.sessions.drain * 1000;
    const reason = 'the gate is shutting down';
    const begun = performance.now();
    this.logger.log(`draining: ${this.gate.sessions} sessions have up to ${drainMs / 1000} s to end`);
    this.gate.close(reason);
    const late = setTimeout(() => this.gate.endAll(reason, 'now'), drainMs);
    await this.listener?.close(drainMs + lastWordsMs);
    clearTimeout(late);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    this.logger.log(`drained in ${seconds} s, ${this.gate.sessions} sessions left`);
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
    await this.commands.caughtUp;
  }

  private async shipLeftovers(): Promise<void> {
    const { config, clock, eventLog, instance, place } = this;
    for (const dir of await leftoverJournals(config.dataDir, place.count)) {
      const about = { clock, source: `proxy/${instance}`, maxBytes: config.journal.maxBytes };
      await shipLeftover(dir, eventLog, about).catch((error: unknown) =>
        this.log(toAppError(error), { dir }),
      );
    }
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
