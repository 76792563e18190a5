import { join } from 'node:path';
import {
  connectAuditReader,
  connectAuditStore,
  migrateAuditStore,
  readMigrations,
  serverStatement,
  type AuditStoreConfig,
  type ClickHouseClient,
  type ReaderLimits,
} from '#audit-store';
import { AppError } from '#kernel';
import { configInvalid, resolveSecret, type WeirConfig } from '#platform';

/** The store that the configuration names, with its secrets; CONFIG_INVALID names the one that is not there. */
export function auditStoreOf(config: WeirConfig): AuditStoreConfig {
  const { kind, url, user, password, reader, cluster } = config.auditStore;
  if (kind === 'embedded' || url === undefined)
    return { kind: 'embedded', path: join(config.dataDir, 'audit') };
  return {
    ...{ kind, url, user, cluster, password: secret(config, password, ['password']) },
    reader: reader && {
      user: reader.user,
      password: secret(config, reader.password, ['reader', 'password']),
    },
  };
}

/** Ingest's client, once the tables stand. Throws CONFIG_INVALID or LOG_UNAVAILABLE, saying what to do. */
export async function openAuditStore(config: WeirConfig): Promise<ClickHouseClient> {
  const store = auditStoreOf(config);
  if (store.kind === 'embedded') return migrated(openEmbedded(store));
  const { cluster, url } = store;
  try {
    const dialect = (statement: string) => serverStatement(statement, cluster);
    return await migrated(connectAuditStore(store), dialect);
  } catch (cause) {
    throw serverProblem(cause, url);
  }
}

export const openReader = (config: WeirConfig, limits: ReaderLimits): Promise<ClickHouseClient> =>
  connectAuditReader(auditStoreOf(config), limits);

export const openControl = (config: WeirConfig): ClickHouseClient => connectAuditStore(auditStoreOf(config));

async function migrated(
  client: ClickHouseClient,
  dialect?: (statement: string) => string,
): Promise<ClickHouseClient> {
  try {
    await migrateAuditStore(client, readMigrations(), dialect);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The engine's lock: two processes with one folder would each ruin what the other writes. */
function openEmbedded(store: Extract<AuditStoreConfig, { kind: 'embedded' }>): ClickHouseClient {
  try {
    return connectAuditStore(store);
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `the embedded audit store ${store.path} cannot be opened`, {
      cause,
      hint: 'one process has it at a time; for a second audit service give each its own WEIR_DATA, or set auditStore.kind: clickhouse',
    });
  }
}

function serverProblem(cause: unknown, url: string): unknown {
  if (cause instanceof AppError) return cause;
  const { code, message } = cause as { code?: unknown; message: string };
  const [first = message] = message.split('\n');
  const where = `the audit store at ${new URL(url).origin}`;
  // A server's own codes are numbers, those of the network are names.
  return /^\d+$/.test(String(code))
    ? new AppError('CONFIG_INVALID', `${where} refuses: ${first.slice(0, 300)}`, { cause })
    : new AppError('LOG_UNAVAILABLE', `${where} cannot be reached: ${first.slice(0, 300)}`, { cause });
}

function secret(config: WeirConfig, value: string, path: readonly string[]): string {
  try {
    return resolveSecret(value, config.file);
  } catch (error) {
    throw configInvalid(config, [{ path: ['auditStore', ...path], message: (error as Error).message }]);
  }
}
