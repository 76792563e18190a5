import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { newId, systemClock } from '#kernel';
import {
  bootHttp,
  createTokenVerifier,
  endInOrder,
  expectReferences,
  issuersOf,
  listenFailure,
  loadConfig,
  logAsJson,
  MetricsDesk,
  openStateFolders,
  openEventLog,
  parseAddress,
  Readiness,
  withDevRoles,
  type KeptProcess,
  type WeirConfig,
} from '#platform';
import { auditChild, auditSocket } from './audit-child.js';
import { bannerOfSome, houseBanner } from './banner.js';
import { prefixesOf } from './api/api.files.js';
import { expectApart } from './expect.apart.js';
import { forward } from './forward.js';
import { metricsOver } from './metrics.over.js';
import { ServicesModule } from './services.module.js';
import { targetNames, targets, type Target, type TargetName } from './targets.js';

export interface House {
  /** What to paste next. */
  readonly banner: string;
  stop(): Promise<void>;
}

/**
 * Starts these services in this process: all of them are the house. Audit among others has a process of its own, since its
 * store blocks the one that it is in. Throws what stops it from starting.
 */
export async function startHouse(
  env: NodeJS.ProcessEnv,
  cwd: string,
  names: readonly TargetName[] = targetNames,
): Promise<House> {
  logAsJson(env);
  const config = withDevRoles(loadConfig(env, cwd));
  const services = names.map((name): Target => targets[name]);
  const references = services.flatMap((service) => service.references ?? []);
  const isWhole = names.length === targetNames.length;
  if (!isWhole) expectApart(config, env, names);
  expectReferences(config, env, ['eventLog', ...references]);
  for (const service of services) service.expect?.(config, env);
  await openStateFolders(config);
  const here = names.length === 1 ? names : names.filter((name) => name !== 'audit');
  // First: it loads as much as the gate does, on the other processor.
  const audit = here.length < names.length ? auditChild(env) : undefined;
  audit?.start();
  try {
    const { app, stop } = await startServices(config, here, audit);
    return { banner: isWhole ? await houseBanner(config, app) : bannerOfSome(config, names), stop };
  } catch (error) {
    await audit?.stop();
    throw error;
  }
}

/** Milliseconds. */
const logCloseMs = 2000;

async function startServices(
  config: WeirConfig,
  names: readonly TargetName[],
  audit: KeptProcess | undefined,
): Promise<{ app: INestApplication; stop: () => Promise<void> }> {
  const services: readonly Target[] = names.map((name) => targets[name]);
  const [mounts, eventLog, modules] = await Promise.all([
    Promise.all(services.map((service) => service.mounts?.(config) ?? [])),
    openEventLog(config),
    Promise.all(services.map((service) => service.modules(config))),
  ]);
  const verifier = createTokenVerifier({ issuers: issuersOf(config), clock: systemClock });
  const instance = newId('weir').slice(-8);
  // What metrics and traces call it: one service by its name, several together the gate.
  const process = names.length === 1 ? names[0]! : 'gate';
  const platform = {
    ...{ config, clock: systemClock, eventLog, instance, verifier, process },
    // Its sessions and audit want the same processors.
    yields: audit !== undefined,
  };
  const ofAudit = audit ? forward(prefixesOf('audit'), auditSocket(config.dataDir)) : [];
  const app = await bootHttp(ServicesModule.forRoot(platform, modules.flat()), {
    listen: parseAddress(config.listen.http),
    mounts: [...ofAudit, ...mounts.flat()],
    shutdownHooks: false,
  }).catch((error: unknown) => {
    throw listenFailure(config, 'http', error);
  });
  if (audit)
    app.get(MetricsDesk, { strict: false }).add('audit', () => metricsOver(auditSocket(config.dataDir)));
  const stop = async () => {
    // Whoever ends this process may end all of its group, or its machine: that is no accident from here on.
    audit?.release();
    await endInOrder(
      () => app.get(Readiness, { strict: false }).leave(),
      () => app.close(),
      () => audit?.stop(),
      // One that is away would take long to say so, and nobody waits for its answers any more.
      () => Promise.race([eventLog.close(), sleep(logCloseMs, undefined, { ref: false })]),
    );
  };
  return { app, stop };
}
