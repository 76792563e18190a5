import { AppError } from '#kernel';
import { database } from './store.config.js';

const table = new RegExp(`^CREATE TABLE IF NOT EXISTS ${database}\\.(\\w+)`);
const named = new RegExp(
  `^(CREATE DATABASE IF NOT EXISTS|(?:CREATE|ALTER) TABLE(?: IF NOT EXISTS)?|CREATE (?:OR REPLACE )?VIEW(?: IF NOT EXISTS)?) (${database}(?:\\.\\w+)?)`,
);
const engine = /ENGINE = ReplacingMergeTree\((\w+)\)/;

/** A part is on the disk, not in the page cache, before its insert returns: ingest trusts max(offset). */
const durable = 'fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1';

/**
 * One of our own schema statements as a server gets it; the embedded engine gets the same text as it stands. On a cluster
 * every node holds everything: the replicas' path names no shard. Throws INTERNAL for what it does not know.
 */
export function serverStatement(statement: string, cluster?: string): string {
  if (/^INSERT INTO /.test(statement)) return statement; // once, on whichever node: the others get it from there
  if (!named.test(statement))
    throw new AppError('INTERNAL', `no server schema for ${statement.slice(0, 60)}`);
  const own = table.exec(statement)?.[1];
  const placed = own === undefined ? statement : withSettings(statement, cluster);
  if (cluster === undefined) return placed;
  const everywhere = placed.replace(
    named,
    (_, what: string, name: string) => `${what} ${name} ON CLUSTER '${cluster}'`,
  );
  return own === undefined
    ? everywhere
    : replicated(everywhere, `/clickhouse/tables/${cluster}/${database}/${own}`);
}

function replicated(statement: string, path: string): string {
  if (!engine.test(statement)) throw new AppError('INTERNAL', `no engine to replicate at ${path}`);
  return statement.replace(engine, `ENGINE = ReplicatedReplacingMergeTree('${path}', '{replica}', $1)`);
}

/** How long retries of one insert are known is another setting where replicas share the knowledge. */
function withSettings(statement: string, cluster: string | undefined): string {
  const settled = /\bSETTINGS (?=[a-z_]+ = )/.test(statement)
    ? statement.replace(/\bSETTINGS (?=[a-z_]+ = )/, `SETTINGS ${durable}, `)
    : `${statement} SETTINGS ${durable}`;
  return cluster === undefined
    ? settled
    : settled.replace('non_replicated_deduplication_window', 'replicated_deduplication_window');
}
