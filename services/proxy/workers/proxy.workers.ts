import cluster, { type Worker } from 'node:cluster';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { EventLog } from '#event-log';
import { AppError, toAppError, type Clock } from '#kernel';
import type { MaskingSet } from '#masking';
import {
  CLOCK,
  CONFIG,
  EVENT_LOG,
  KeptProcess,
  MetricsDesk,
  Readiness,
  YIELDS,
  type WeirConfig,
} from '#platform';
import { ensureServerCertificate } from '#wire';
import { BudgetLessor } from '../gate/budget/budget-lease.js';
import type { Bound } from '../gate/budget/budget-ledger.js';
import type { BudgetState } from '../gate/budget/budget-state.file.js';
import type { TargetAddress } from '../gate/gate.js';
import { PolicyFollower } from '../gate/policy-follower.js';
import { targetAddress } from '../gate/target-address.js';
import { proxyKeys } from '../proxy.keys.js';
import { openBudgetState } from './budgets.js';
import { Channel } from './channel.js';
import { placeVariable, workerName, yieldsVariable } from './place.js';
import type { CarriedKey } from './worker.place.js';

/** What a worker has beyond its sessions' time, to ship and to close. Milliseconds. */
const workerGraceMs = 10_000;

interface Seat {
  readonly kept: KeptProcess;
  channel: Channel | undefined;
  address: { host: string; port: number } | undefined;
}

/** The data plane in processes of its own, all on one port, which the gate's process opens and hands clients out from. */
@Injectable()
export class ProxyWorkers implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('proxy');
  private seats: Seat[] = [];
  private settled: { resolve(): void; reject(error: Error): void } | undefined;
  private policies!: PolicyFollower;
  private budgets!: BudgetState;
  private lessor!: BudgetLessor;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(Readiness) readiness: Readiness,
    @Inject(MetricsDesk) private readonly metrics: MetricsDesk,
    @Inject(YIELDS) private readonly yields: boolean,
  ) {
    readiness.add('proxy workers', () => this.isWhole);
    readiness.onLeave(() => this.stopAll());
    readiness.add('proxy policies', () => this.policies.isReady);
    // Each worker goes by what it reads itself; this process reads over the same network.
    readiness.add('proxy freshness', () => this.policies.age <= this.config.sessions.maxStaleness * 1000);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { config, clock } = this;
    // What all of them read is made before there are several who would make it.
    const keys = await proxyKeys(config.sharedDir);
    if (!config.tls) await ensureServerCertificate(join(config.sharedDir, 'tls'), clock);
    const log = (error: unknown) => this.logger.warn({ message: toAppError(error).message });
    this.policies = new PolicyFollower({
      eventLog: this.eventLog,
      pseudonymKey: keys.pseudonym,
      onMasking: () => undefined,
      log: (error) => log(error),
    });
    this.budgets = await openBudgetState({ dataDir: config.dataDir, key: keys.lookups, clock, log });
    this.lessor = new BudgetLessor(this.budgets.ledger);
    cluster.setupPrimary({ exec: fileURLToPath(new URL('../main.js', import.meta.url)), args: [] });
    this.seats = Array.from({ length: config.proxy.workers }, (_, index) => this.seat(index));
    this.seats.forEach((seat, index) => this.metrics.add(workerName(index), () => metricsOf(seat)));
    for (const { kept } of this.seats) kept.start();
    await new Promise<void>((resolve, reject) => (this.settled = { resolve, reject }));
  }

  /** Where PostgreSQL clients connect. */
  get address(): { host: string; port: number } | undefined {
    return this.seats[0]?.address;
  }

  async target(connection: string): Promise<{ target: TargetAddress; masking: MaskingSet }> {
    const { policies, config } = this;
    return {
      target: await targetAddress(connection, policies, config.sharedDir),
      masking: policies.masking(),
    };
  }

  async beforeApplicationShutdown(): Promise<void> {
    // A start that failed on its way has nothing that must be written.
    if (this.seats.length === 0) return;
    await this.stopAll();
    await this.budgets.close();
    await this.policies.stop();
  }

  /** Each ends its sessions by itself. */
  private async stopAll(): Promise<void> {
    const graceMs = this.config.sessions.drain * 1000 + workerGraceMs;
    await Promise.all(this.seats.map(({ kept }) => kept.stop(graceMs)));
  }

  private get isWhole(): boolean {
    return this.seats.length > 0 && this.seats.every(({ address }) => address !== undefined);
  }

  private seat(index: number): Seat {
    const seat: Seat = {
      kept: new KeptProcess(workerName(index), () => this.begin(seat, index)),
      channel: undefined,
      address: undefined,
    };
    return seat;
  }

  private begin(seat: Seat, index: number): Worker['process'] {
    const worker = cluster.fork({
      [placeVariable]: String(index),
      ...(this.yields ? { [yieldsVariable]: '1' } : {}),
    });
    seat.channel = new Channel(worker, {
      listening: (address: { host: string; port: number }) => {
        seat.address = address;
        if (!this.isWhole) return;
        this.settled?.resolve();
        this.settled = undefined;
      },
      cancel: ({ owner, key }: { owner: number; key: CarriedKey }) =>
        this.seats[owner]?.channel?.ask('cancel', key) ?? false,
      lease: ({ bounds, wanted }: { bounds: readonly Bound[]; wanted: number }) =>
        this.lessor.lease(bounds, wanted, this.clock.now()),
      giveBack: ({ id, unspent }: { id: number; unspent: number }) => this.lessor.giveBack(id, unspent),
    });
    // What is sent to one that has just gone fails here, later.
    worker.on('error', (error) => this.logger.warn({ message: `a worker is gone: ${error.message}` }));
    const gone = () => {
      seat.channel = undefined;
      seat.address = undefined;
    };
    worker.once('disconnect', gone);
    worker.once('exit', () => {
      gone();
      // Before all have once come up nothing was promised: better no start than half of one.
      this.settled?.reject(new AppError('CONFIG_INVALID', `a worker of the data plane ended as it started`));
    });
    return worker.process;
  }
}

function metricsOf({ channel }: Seat): ReturnType<MetricsDesk['own']> {
  if (!channel) throw new AppError('LOG_UNAVAILABLE', 'this worker is starting');
  return channel.ask('metrics', undefined);
}
