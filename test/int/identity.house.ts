import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplication, type Type } from '@nestjs/common';
import { openEmbeddedLog, type EventLog, type LoggedEvent } from '#event-log';
import { topics } from '#events';
import { systemClock, type Clock } from '#kernel';
import {
  bootHttp,
  createTokenVerifier,
  issuersOf,
  parseConfig,
  PlatformModule,
  withDevRoles,
  type WeirConfig,
} from '#platform';
import { IdentityModule, openDevProvider } from '../../services/identity/index.js';
import { freePort } from '../support/postgres.js';

export interface IdentityHouseOptions {
  /** Lines below `identity:`, each indented. */
  readonly identity?: string;
  readonly publicUrl?: string;
  readonly clock?: Clock;
  /** Of another house: two processes on one state. */
  readonly beside?: IdentityHouse;
  /** Beside the other, but on another machine: the log alone is the same. */
  readonly isElsewhere?: boolean;
  readonly modules?: readonly Type[];
  readonly more?: readonly (new () => object)[];
}

/** Real time, and so much on top. */
export class MovingClock implements Clock {
  ahead = 0;
  now = () => Date.now() + this.ahead;
}

/** The identity service alone, with a log and a state directory of its own. */
export class IdentityHouse {
  private constructor(
    readonly config: WeirConfig,
    readonly url: string,
    readonly app: INestApplication,
    readonly log: EventLog,
    private readonly owns: { readonly state: boolean; readonly log: boolean },
  ) {}

  static async start(options: IdentityHouseOptions = {}): Promise<IdentityHouse> {
    const { beside, clock = systemClock } = options;
    const owned = beside === undefined || options.isElsewhere === true;
    const dataDir = owned ? mkdtempSync(join(tmpdir(), 'weir-identity-')) : beside.config.dataDir;
    const port = await freePort();
    const text = [
      `listen: { http: 127.0.0.1:${port} }`,
      ...(options.publicUrl ? [`publicUrl: ${options.publicUrl}`] : []),
      ...(options.identity ? [`identity:\n${options.identity}`] : []),
    ].join('\n');
    const config = withDevRoles(parseConfig(text, join(dataDir, 'weir.yaml'), dataDir));
    const eventLog = beside?.log ?? openEmbeddedLog({ path: join(dataDir, 'log'), clock });
    const verifier = createTokenVerifier({ issuers: issuersOf(config), clock });
    const platform = PlatformModule.forRoot({ config, clock, eventLog, instance: `test-${port}`, verifier });
    class TestModule {}
    const imports = [platform, IdentityModule, ...(options.modules ?? [])];
    Module({ imports, controllers: [...(options.more ?? [])] })(TestModule);
    const provider = await openDevProvider(config);
    const app = await bootHttp(TestModule, {
      listen: { host: '127.0.0.1', port },
      mounts: provider ? [provider] : [],
      shutdownHooks: false,
    });
    return new IdentityHouse(config, `http://127.0.0.1:${port}`, app, eventLog, {
      state: owned,
      log: beside === undefined,
    });
  }

  /** What stands in weir.identity.v1. */
  async events(): Promise<LoggedEvent[]> {
    return [...(await this.log.read({ topic: topics.identity, partition: 0, offset: -1 }, 10_000))];
  }

  async stop(): Promise<void> {
    await this.app.close();
    if (this.owns.log) await this.log.close();
    if (this.owns.state) rmSync(this.config.dataDir, { recursive: true });
  }
}
