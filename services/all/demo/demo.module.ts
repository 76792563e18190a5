import { join } from 'node:path';
import {
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { CONFIG, Readiness, type WeirConfig } from '#platform';
import { PolicyModule, PolicyPublisher } from '../../policy/index.js';
import { startDemoDatabase, type DemoDatabase } from './demo-database.js';

/** `demo: true`: the demo database runs here, and is registered as a connection. */
@Injectable()
class DemoHost implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private starting: Promise<DemoDatabase> | undefined;
  private isServed = false;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(PolicyPublisher) private readonly publisher: PolicyPublisher,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {
    if (!config.demo) return;
    // In a thread of its own, while the rest starts here.
    this.starting = startDemoDatabase(join(config.dataDir, 'demo'));
    this.starting.catch(() => undefined);
  }

  onModuleInit(): void {
    if (this.config.demo) this.readiness.add('demo', () => this.isServed);
  }

  async onApplicationBootstrap(): Promise<void> {
    const demo = await this.starting;
    if (demo) await this.publisher.registerHouse(demo.connection);
    this.isServed = true;
  }

  async onApplicationShutdown(): Promise<void> {
    await (await this.starting)?.stop();
  }
}

@Module({ imports: [PolicyModule], providers: [DemoHost] })
export class DemoModule {}
