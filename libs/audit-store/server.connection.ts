import {
  ClickHouseLogLevel,
  createClient,
  type ClickHouseClient,
  type ClickHouseSettings,
} from '@clickhouse/client';
import type { ServerConfig, StoreUser } from './store.config.js';

/**
 * On replicas: an insert is on most of them before it returns, and whichever of them answers next has it. The second
 * holds only where quorum inserts into one table follow one another (`insert_quorum_parallel`).
 */
const replicaSettings: ClickHouseSettings = {
  insert_quorum: 'auto',
  insert_quorum_parallel: 0,
  insert_quorum_timeout: 60_000,
  select_sequential_consistency: '1',
};

/** Milliseconds; the server's own limits end a reader's query long before. */
const requestTimeout = 120_000;

export interface ServerClientOptions {
  readonly as: StoreUser;
  /** Whose tables need no database before their name; absent: the server's default, which is always there. */
  readonly database?: string;
  readonly settings?: ClickHouseSettings;
}

/** A client of a server; its settings go with each request, for a server keeps no session between them. */
export function connectServer(
  { url, cluster }: ServerConfig,
  { as, database, settings }: ServerClientOptions,
): ClickHouseClient {
  return createClient({
    url,
    username: as.user,
    password: as.password,
    ...(database === undefined ? {} : { database }),
    application: 'weirkeeper',
    request_timeout: requestTimeout,
    // What goes wrong is thrown to us; its own lines would quote queries.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { ...(cluster === undefined ? {} : replicaSettings), ...settings },
  });
}
