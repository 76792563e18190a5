import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { EventLog } from '#event-log';
import { newId, systemClock } from '#kernel';
import {
  createTokenVerifier,
  endInOrder,
  issuersOf,
  JsonLogger,
  loadConfig,
  logAsJson,
  logLevel,
  measureProcess,
  openEventLog,
  PlatformModule,
  Readiness,
  runProcess,
  withDevRoles,
  type Running,
  type WeirConfig,
} from '#platform';
import { loadStatementParser } from '#statement';
import { ProxyHost } from './proxy.host.js';
import { ProxyModule } from './proxy.module.js';
import { placeVariable, workerName, yieldsVariable } from './workers/place.js';
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
        PlatformModule.forRoot({
          config,
          clock: systemClock,
          eventLog,
          instance,
          verifier,
          process: workerName(index),
          yields: process.env[yieldsVariable] !== undefined,
        }),
        ProxyModule.at(workerPlace(index, config, (key) => host().cancel(key))),
      ],
    };
  }
}

/** Beyond its sessions' time: to ship and to close. Milliseconds. */
const closingMs = 10_000;

async function start(): Promise<Running> {
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
  // The log is not waited for: what it was given and has not taken is in the journal.
  const stop = () =>
    endInOrder(
      () => app.get(Readiness, { strict: false }).leave(),
      () => app.close(),
    );
  return { stop, stopMs: config.sessions.drain * 1000 + closingMs };
}

logAsJson();
// With its parent gone nobody hands it clients, and another gate may want its journal.
await runProcess(start, { isChild: true });
