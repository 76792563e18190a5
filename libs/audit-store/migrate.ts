import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import { AppError } from '#kernel';
import { database } from './store.config.js';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sha256: string;
  readonly statements: readonly string[];
}

/** How a schema statement reads where it is to run; see `serverStatement`. */
export type Dialect = (statement: string) => string;

const asItStands: Dialect = (statement) => statement;

/** Brings the store's schema up to date; returns the names of what it applied. Any number of processes may, at once. */
export async function migrateAuditStore(
  client: ClickHouseClient,
  migrations: readonly Migration[] = readMigrations(),
  dialect: Dialect = asItStands,
): Promise<string[]> {
  await client.command({ query: dialect(`CREATE DATABASE IF NOT EXISTS ${database}`) });
  await client.command({ query: dialect(createLedger) });
  const applied = await readLedger(client);
  refuseNewer(applied, migrations.at(-1)?.version ?? 0);
  const names: string[] = [];
  for (const migration of migrations) {
    const before = applied.get(migration.version);
    if (before !== undefined) refuseChanged(migration, before);
    else names.push(await apply(client, migration, dialect));
  }
  return names;
}

/** The SQL files, in order. They stay where the sources are: found from there and from `dist/` alike. */
export function readMigrations(
  folder: string = join(packageRoot(), 'libs/audit-store/migrations'),
): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return files.sort().map((file, i) => {
    const [, number, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? [];
    if (number === undefined || name === undefined || Number(number) !== i + 1)
      throw new AppError('INTERNAL', `migration ${file} is out of order or misnamed`);
    const text = readFileSync(join(folder, file), 'utf8');
    return {
      version: Number(number),
      name,
      sha256: createHash('sha256').update(text).digest('hex'),
      statements: splitStatements(text),
    };
  });
}

/** Our own files end each statement with a semicolon at the end of a line. */
function splitStatements(text: string): string[] {
  return text
    .split(/;\s*$/m)
    .map((statement) => statement.replace(/^\s*--.*$/gm, '').trim())
    .filter((statement) => statement !== '');
}

export const createLedger = `CREATE TABLE IF NOT EXISTS ${database}.schema_migrations (
    version UInt32, name String, sha256 String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
  ) ENGINE = ReplacingMergeTree(applied_at) ORDER BY version`;

async function readLedger(client: ClickHouseClient): Promise<Map<number, string>> {
  const answer = await client.query({
    query: `SELECT version, sha256 FROM ${database}.schema_migrations FINAL`,
    format: 'JSONEachRow',
  });
  const rows = await answer.json<{ version: number; sha256: string }>();
  return new Map(rows.map(({ version, sha256 }) => [version, sha256]));
}

/** Statements are `IF NOT EXISTS`, so a migration that was killed half-way is simply applied again. */
async function apply(
  client: ClickHouseClient,
  { version, name, sha256, statements }: Migration,
  dialect: Dialect,
): Promise<string> {
  for (const statement of statements) await client.command({ query: dialect(statement) });
  await client.insert({
    table: `${database}.schema_migrations`,
    values: [{ version, name, sha256 }],
    format: 'JSONEachRow',
  });
  return name;
}

function refuseChanged(migration: Migration, sha256: string): void {
  if (migration.sha256 === sha256) return;
  throw new AppError(
    'CONFIG_INVALID',
    `migration ${migration.version} (${migration.name}) was applied with other text`,
    {
      hint: 'the audit store belongs to another version of Weirkeeper; never edit a migration, add one',
    },
  );
}

/** What a newer version made of the tables nobody here knows: rows would be written that it reads otherwise. */
function refuseNewer(applied: ReadonlyMap<number, string>, own: number): void {
  const newest = Math.max(...applied.keys(), 0);
  if (newest <= own) return;
  throw new AppError(
    'CONFIG_INVALID',
    `the audit store has tables of migration ${newest}, and this version knows ${own} migrations`,
    {
      hint: 'a newer Weirkeeper has migrated it: start that version, or put back the backup from before the upgrade',
    },
  );
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
