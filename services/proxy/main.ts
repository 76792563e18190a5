import 'reflect-metadata';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { EventLog } from '#event-log';
import { isAppError, newId, systemClock } from '#kernel';
import {
  createTokenVerifier,
  issuersOf,
  JsonLogger,
  loadConfig,
  logLevel,
  measureProcess,
  openEventLog,
  PlatformModule,
  Readiness,
  withDevRoles,
  type WeirConfig,
} from '#platform';
import { loadStatementParser } from '#statement';
import { ProxyHost } from './proxy.host.js';
import { ProxyModule } from './proxy.module.js';
import { placeVariable } from './workers/place.js';
import { workerPlace } from './workers/worker.place.js';

/** One worker of the data plane: a process of its own, started by the gate's. */
@Module({})
class ProxyWorkerApp {
  static forRoot(
    config: WeirConfig,
    eventLog: EventLog,
    index: number,
    host: () => ProxyHost,
  ): DynamicModule {
    const verifier = createTokenVerifier({ issuers: issuersOf(config), clock: systemClock });
    const instance = newId('gate').slice(-8);
    return {
      module: ProxyWorkerApp,
      imports: [
        PlatformModule.forRoot({ config, clock: systemClock, eventLog, instance, verifier }),
        ProxyModule.at(workerPlace(index, config, (key) => host().cancel(key))),
      ],
    };
  }
}

async function end(app: INestApplicationContext): Promise<void> {
  await app.get(Readiness, { strict: false }).leave();
  await app.close();
}

try {
  measureProcess();
  const config = withDevRoles(loadConfig());
  const [eventLog] = await Promise.all([openEventLog(config), loadStatementParser()]);
  const index = Number(process.env[placeVariable] ?? 0);
  let host: ProxyHost | undefined;
  const app = await NestFactory.createApplicationContext(
    ProxyWorkerApp.forRoot(config, eventLog, index, () => host!),
    { logger: new JsonLogger(logLevel()), abortOnError: false },
  );
  host = app.get(ProxyHost, { strict: false });
  const stop = () =>
    void end(app).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  // With its parent gone nobody hands it clients, and another gate may want its journal.
  process.once('disconnect', stop);
} catch (error) {
  console.error(isAppError(error) && error.code !== 'INTERNAL' ? `weir: ${error.message}` : error);
  process.exit(1);
}
