import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { CONFIG, parseAddress, TokenCallers, type Address, type WeirConfig } from '#platform';
import { isLoopbackHost } from '#wire';
import { AUDIT_READER } from '../audit.tokens.js';
import { SqlRunner } from '../sql/sql.runner.js';
import { readCatalog } from './catalog.js';
import { ClickHouseHandler } from './clickhouse.handler.js';

/** Milliseconds until an address that was taken is tried again. */
const tryAgain = 5000;

/** Milliseconds and bytes; who has not said who they are is waited for the shortest. */
const patience = {
  maxHeaderSize: 128 * 1024,
  handshakeTimeout: 5000,
  headersTimeout: 5000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 30_000,
};

/** `listen.sql`: the audit tables for what speaks ClickHouse's HTTP interface. */
@Injectable()
export class ClickHouseEndpoint implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('sql');
  readonly #config: WeirConfig;
  readonly #reader: ClickHouseClient;
  readonly #runner: SqlRunner;
  readonly #callers: TokenCallers;
  #server: Server | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) config: WeirConfig,
    @Inject(AUDIT_READER) reader: ClickHouseClient,
    @Inject(SqlRunner) runner: SqlRunner,
    @Inject(TokenCallers) callers: TokenCallers,
  ) {
    this.#config = config;
    this.#reader = reader;
    this.#runner = runner;
    this.#callers = callers;
  }

  /** Where it listens; undefined while it does not. */
  get address(): Address | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : undefined;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { sql } = this.#config.listen;
    if (sql === 'off') return;
    const handler = new ClickHouseHandler({
      runner: this.#runner,
      catalog: await readCatalog(this.#reader),
      callerOf: (token) => this.#callers.ofToken(token),
      onInternal: (error) => this.#log.error({ message: 'a query failed', error }),
    });
    this.#server = this.#createServer(parseAddress(sql).host, handler);
    await this.#listen(this.#server, parseAddress(sql));
  }

  onModuleDestroy(): void {
    clearTimeout(this.#retry);
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** Beyond this machine a token does not travel in the clear where there is a certificate for it. */
  #createServer(host: string, handler: ClickHouseHandler): Server {
    const { tls } = this.#config;
    const server =
      tls && !isLoopbackHost(host)
        ? createTlsServer({ ...patience, cert: readFileSync(tls.cert), key: readFileSync(tls.key) })
        : createServer(patience);
    server.maxConnections = 256;
    return server.on('request', (request, response) => void handler.handle(request, response));
  }

  /** An address that another has (a ClickHouse server, say) must not stop the audit: said once, and tried again. */
  #listen(server: Server, { host, port }: Address): Promise<void> {
    return new Promise((listening) => {
      let isSaid = false;
      server.on('error', (error: NodeJS.ErrnoException) => {
        if (!isSaid) this.#log.error(`listen.sql: ${host}:${port} cannot be listened on (${error.code})`);
        isSaid = true;
        this.#retry = setTimeout(() => server.listen(port, host), tryAgain).unref();
        listening();
      });
      server.once('listening', listening);
      server.listen(port, host);
    });
  }
}
