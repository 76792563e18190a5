import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { embeddedConnection } from './embedded.connection.js';
import { embeddedEngineArguments } from './embedded.engine.js';
import { loadChdb } from './embedded.load.js';
import { connectServer } from './server.connection.js';
import type { AuditStoreConfig } from './store.config.js';

export type { ClickHouseClient };

/**
 * A client of the audit store; the SQL is the same for both kinds. Each embedded client is a session of its
 * own: a writer and its readers never share one (a SET stays on its session, queries of one session run one
 * after another). Only one process may open an embedded store's folder.
 */
export function connectAuditStore(config: AuditStoreConfig): ClickHouseClient {
  return config.kind === 'clickhouse' ? connectServer(config, { as: config }) : connectEmbedded(config.path);
}

/**
 * The first session starts the engine and alone can hand it its configuration; the client's own connection
 * then joins the engine that runs, so the first may go.
 */
function connectEmbedded(path: string): ClickHouseClient {
  const { Session } = loadChdb();
  const starter = new Session(path, { connectionArgs: embeddedEngineArguments(path) });
  try {
    return createClient({ connection: embeddedConnection(path) });
  } finally {
    starter.close();
  }
}
