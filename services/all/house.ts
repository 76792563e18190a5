import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { newId, systemClock } from '#kernel';
import {
  bootHttp,
  createTokenVerifier,
  expectPolicies,
  expectReferences,
  issuersOf,
  JsonLogger,
  listenFailure,
  loadConfig,
  logLevel,
  MetricsDesk,
  openStateFolder,
  OpenApi,
  openEventLog,
  parseAddress,
  Readiness,
  withDevRoles,
  type KeptProcess,
  type WeirConfig,
} from '#platform';
import { loadStatementParser } from '#statement';
import { PolicyPublisher } from '../policy/index.js';
import { DataPlane } from '../proxy/index.js';
import { auditChild } from './audit-child.js';
import { bannerOf } from './banner.js';
import { readConsoleFiles } from './console.files.js';
import { consoleMount } from './console.mount.js';
import { startDemoDatabase } from './demo/demo-database.js';
import { startDevProvider } from './dev-provider.thread.js';
import { auditPaths, forward } from './forward.js';
import { GateModule } from './gate.module.js';
import { metricsOver } from './metrics.over.js';
import { mergedOpenApi } from './merged-openapi.js';

const consoleFolder = fileURLToPath(new URL('../console', import.meta.url));
/** What the gate's own routes serve. */
const notPages = ['/api', '/healthz', '/readyz', '/metrics'];

export interface House {
  /** What to paste next. */
  readonly banner: string;
  stop(): Promise<void>;
}

/** Everything on this machine: the gate in this process, audit in a child. Throws what stops it from starting. */
export async function startHouse(env: NodeJS.ProcessEnv, cwd: string): Promise<House> {
  // Before any application has one: what is logged first is in the same form.
  Logger.overrideLogger(new JsonLogger(logLevel(env)));
  const config = withDevRoles(loadConfig(env, cwd));
  expectReferences(config, env);
  expectPolicies(config);
  await openStateFolder(config.dataDir);
  // First: it loads as much as the gate does, on the other processor.
  const audit = auditChild(env);
  audit.start();
  try {
    return await startGate(config, audit);
  } catch (error) {
    await audit.stop();
    throw error;
  }
}

async function startGate(config: WeirConfig, audit: KeptProcess): Promise<House> {
  const auditSocket = join(config.dataDir, 'audit.sock');
  // In a thread of its own, while the rest starts here.
  const demoStarts = config.demo ? startDemoDatabase(join(config.dataDir, 'demo')) : undefined;
  demoStarts?.catch(() => undefined);
  const [devProvider, eventLog] = await Promise.all([
    startDevProvider(config),
    openEventLog(config),
    loadStatementParser(),
  ]);
  const instance = newId('gate').slice(-8);
  const verifier = createTokenVerifier({ issuers: issuersOf(config), clock: systemClock });
  let document: object | undefined;
  const app = await bootHttp(
    GateModule.forRoot({ config, clock: systemClock, eventLog, instance, verifier }),
    {
      listen: parseAddress(config.listen.http),
      mounts: [
        ...devProvider,
        ...forward(auditPaths, auditSocket),
        mergedOpenApi(() => document, auditSocket),
        consoleMount(readConsoleFiles(consoleFolder), notPages),
      ],
      shutdownHooks: false,
    },
  ).catch((error: unknown) => {
    throw listenFailure(config, 'http', error);
  });
  document = app.get(OpenApi, { strict: false }).document;
  app.get(MetricsDesk, { strict: false }).add('audit', () => metricsOver(auditSocket));
  let demoServed = demoStarts === undefined;
  app.get(Readiness, { strict: false }).add('demo', () => demoServed);
  const demo = await demoStarts;
  const publisher = app.get(PolicyPublisher, { strict: false });
  if (demo) await publisher.registerHouse(demo.connection);
  demoServed = true;
  const postgres = app.get(DataPlane, { strict: false }).address;
  return {
    banner: bannerOf(config, { postgres, stale: publisher.stale }),
    stop: async () => {
      await app.close();
      await audit.stop();
      await eventLog.close();
      await demo?.stop();
    },
  };
}
