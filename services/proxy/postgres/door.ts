import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { toAppError, type AppError } from '#kernel';
import { endGently } from '#wire';
import type { Gate, GateSession } from '../gate/gate.js';
import { fatal, tooManyClients, welcome } from './auth.js';
import { CancelRegistry, type CancelPlace } from './cancel.js';
import type { CatalogPool } from './catalog-pool.js';
import type { CatalogSource } from './catalog.js';
import { parameterStatus, type BackendKey } from './codec.js';
import { redactParameterStatus } from './error-redaction.js';
import { Estimates } from './estimates.js';
import { meaningless } from './session-effects.js';
import type { SessionLimits } from './session-parts.js';
import { PostgresSession } from './session.js';
import { receiveClient, type Arrival } from './startup.js';
import { connectTarget, type Target } from './target.js';

export interface DoorOptions {
  readonly gate: Gate;
  readonly catalogs: CatalogPool;
  readonly secureContext: SecureContext;
  readonly startupTimeoutMs: number;
  readonly place: CancelPlace;
  readonly limits: Omit<SessionLimits, 'settings'>;
  readonly log: (error: AppError, about: Readonly<Record<string, string>>) => void;
}

type Startup = Arrival & { kind: 'startup' };

/** The PostgreSQL listener's clients, from their first byte to the end of their session. */
export class PostgresDoor {
  private readonly cancels: CancelRegistry;
  private readonly estimates = new Estimates();

  constructor(private readonly options: DoorOptions) {
    this.cancels = new CancelRegistry(options.place);
  }

  /** A cancel that came to another process. */
  cancel(key: BackendKey): Promise<boolean> {
    return this.cancels.cancel(key);
  }

  /** Serves one socket; resolves when its session is over. */
  async serve(socket: Socket): Promise<void> {
    const { secureContext, startupTimeoutMs } = this.options;
    const arrival = await receiveClient(socket, { secureContext, timeoutMs: startupTimeoutMs });
    if (arrival.kind === 'gone') return;
    if (arrival.kind === 'startup') return this.admit(arrival);
    await this.cancels.cancel(arrival.key).catch(() => undefined);
    endGently(arrival.socket, 2_000);
  }

  /** A client above the limit. */
  refuse(socket: Socket): void {
    socket.write(tooManyClients);
    endGently(socket, 2_000);
  }

  private async admit(client: Startup): Promise<void> {
    try {
      const gate = await this.options.gate.open({
        protocol: 'postgres',
        token: client.password,
        connection: client.parameters.database,
        sourceAddress: client.remoteAddress,
        clientTls: client.tls,
        clientProgram: client.parameters.settings.get('application_name') ?? '',
        clientUser: client.parameters.user,
      });
      await this.connect(client, gate);
    } catch (error) {
      this.turnAway(client, error);
    }
  }

  private async connect(client: Startup, gate: GateSession): Promise<void> {
    const lease = await this.options.catalogs
      .lease(gate.target)
      .catch((error: unknown) => neverStarted(gate, error));
    try {
      const target = await connectTarget(gate.target, client.parameters.settings).catch((error: unknown) =>
        neverStarted(gate, error),
      );
      await this.converse(client, gate, target, lease.catalog);
    } finally {
      lease.release();
    }
  }

  private async converse(
    client: Startup,
    gate: GateSession,
    target: Target,
    catalog: CatalogSource,
  ): Promise<void> {
    gate.started();
    try {
      await safe(gate);
    } catch (error) {
      target.close();
      gate.ended('not recorded', 0, 0);
      throw error;
    }
    const { log } = this.options;
    const limits = {
      ...this.options.limits,
      settings: JSON.stringify(
        [...client.parameters.settings]
          .filter(([name]) => !meaningless.has(name.toLowerCase()))
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    };
    const about = { session: gate.id, connection: gate.target.name };
    const session = new PostgresSession({
      client: client.socket,
      target,
      gate,
      catalog,
      limits,
      estimates: this.estimates,
      log: (e) => log(e, about),
    });
    const registration = this.cancels.register(() => session.cancel());
    try {
      client.socket.write(welcome(shownParameters(target, client), registration.key));
      await session.run();
    } finally {
      registration.release();
    }
  }

  /** One line to the client, never a stack; the cause goes to the log. */
  private turnAway(client: Startup, error: unknown): void {
    const appError = toAppError(error);
    this.options.gate.refused(appError.code);
    this.options.log(appError, { connection: client.parameters.database, client: client.remoteAddress });
    if (client.socket.writable) client.socket.write(fatal(appError));
    endGently(client.socket, 2_000);
  }
}

/** Resolves when what was recorded so far is safe. */
function safe(gate: GateSession): Promise<void> {
  return new Promise((resolve, reject) => {
    gate.whenSafe({
      waiting: () => undefined,
      done: (error) => (error === undefined ? resolve() : reject(toAppError(error))),
    });
  });
}

/** The session was opened and its target was not: its record says so. */
function neverStarted(gate: GateSession, error: unknown): never {
  gate.started();
  gate.ended(`not connected: ${toAppError(error).message}`, 0, 0);
  throw error;
}

/** The target's settings, as far as a client may see them: nothing that names its user or its place. */
function shownParameters(target: Target, client: Startup): [string, string][] {
  const own = client.parameters.settings.get('application_name') ?? '';
  return [...target.parameters].filter(([name, value]) =>
    redactParameterStatus(parameterStatus(name, value), (v) => v === own),
  );
}
