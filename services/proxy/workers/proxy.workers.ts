import cluster, { type Worker } from 'node:cluster';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { systemClock } from '#kernel';
import { CONFIG, KeptProcess, Readiness, type WeirConfig } from '#platform';
import { ensureServerCertificate } from '#wire';
import { proxyKeys } from '../proxy.keys.js';
import { Channel } from './channel.js';
import { placeVariable } from './place.js';
import type { CarriedKey } from './worker.place.js';

interface Seat {
  readonly kept: KeptProcess;
  channel: Channel | undefined;
  address: { host: string; port: number } | undefined;
}

/** The data plane in processes of its own, all on one port, which the gate's process opens and hands clients out from. */
@Injectable()
export class ProxyWorkers implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private seats: Seat[] = [];
  private settled: (() => void) | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(Readiness) readiness: Readiness,
  ) {
    readiness.add('proxy', () => this.isWhole);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { config } = this;
    // What all of them read is made before there are several who would make it.
    await proxyKeys(config.dataDir);
    if (!config.tls) await ensureServerCertificate(join(config.dataDir, 'tls'), systemClock);
    cluster.setupPrimary({ exec: fileURLToPath(new URL('../main.js', import.meta.url)), args: [] });
    this.seats = Array.from({ length: config.proxy.workers }, (_, index) => this.seat(index));
    for (const { kept } of this.seats) kept.start();
    await new Promise<void>((resolve) => (this.settled = resolve));
  }

  /** Where PostgreSQL clients connect. */
  get address(): { host: string; port: number } | undefined {
    return this.seats[0]?.address;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.seats.map(({ kept }) => kept.stop()));
  }

  private get isWhole(): boolean {
    return this.seats.length > 0 && this.seats.every(({ address }) => address !== undefined);
  }

  private seat(index: number): Seat {
    const seat: Seat = {
      kept: new KeptProcess(`proxy-${index + 1}`, () => this.begin(seat, index)),
      channel: undefined,
      address: undefined,
    };
    return seat;
  }

  private begin(seat: Seat, index: number): Worker['process'] {
    const worker = cluster.fork({ [placeVariable]: String(index) });
    seat.channel = new Channel(worker, {
      listening: (address: { host: string; port: number }) => {
        seat.address = address;
        if (this.isWhole) this.settled?.();
      },
      cancel: ({ owner, key }: { owner: number; key: CarriedKey }) =>
        this.seats[owner]?.channel?.ask('cancel', key) ?? false,
    });
    worker.once('exit', () => {
      seat.channel = undefined;
      seat.address = undefined;
    });
    return worker.process;
  }
}
