import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { newId, systemClock } from '#kernel';
import {
  bootHttp,
  createTokenVerifier,
  endInOrder,
  openEventLog,
  openStateFolder,
  PlatformModule,
  Readiness,
  type OidcIssuerConfig,
  type PlatformOptions,
  type Running,
  type WeirConfig,
} from '#platform';
import { AuditModule } from './audit.module.js';

export interface AuditProcessOptions {
  readonly config: WeirConfig;
  /** Whose tokens are taken: those of the configuration, and the development provider's where that runs. */
  readonly issuers: readonly OidcIssuerConfig[];
  /** See YIELDS. */
  readonly yields: boolean;
}

/** Milliseconds; without a parent nobody else ends it, and an orphan keeps the store's folder. */
const stopMs = 10_000;

/** Where the gate finds the audit process. */
export const auditSocket = (dataDir: string): string => join(dataDir, 'audit.sock');

/**
 * Audit in a process of its own: it alone opens the audit store, and serves its part of the API on a Unix socket. Resolves
 * when it listens.
 */
export async function startAudit({ config, issuers, yields }: AuditProcessOptions): Promise<Running> {
  await openStateFolder(config.dataDir);
  const eventLog = await openEventLog(config);
  const verifier = createTokenVerifier({ issuers, clock: systemClock });
  const instance = newId('audit').slice(-8);
  const socketPath = auditSocket(config.dataDir);
  const module = AuditApp.forRoot(
    { config, clock: systemClock, eventLog, instance, verifier, process: 'audit', yields },
    socketPath,
  );
  const app = await bootHttp(module, { listen: { socketPath }, shutdownHooks: false });
  const stop = () =>
    endInOrder(
      () => app.get(Readiness, { strict: false }).leave(),
      () => app.close(),
      () => eventLog.close(),
    );
  return { stop, stopMs };
}

const SOCKET_PATH = Symbol('SOCKET_PATH');

@Module({})
class AuditApp implements OnModuleInit {
  readonly #socketPath: string;

  constructor(@Inject(SOCKET_PATH) socketPath: string) {
    this.#socketPath = socketPath;
  }

  static forRoot(platform: PlatformOptions, socketPath: string): DynamicModule {
    return {
      module: AuditApp,
      imports: [PlatformModule.forRoot(platform), AuditModule],
      providers: [{ provide: SOCKET_PATH, useValue: socketPath }],
    };
  }

  /** A killed process leaves its socket. By now the store is open, and its lock says that no other one lives. */
  onModuleInit(): void {
    rmSync(this.#socketPath, { force: true });
  }
}
