import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { database, publicTables, searchTables } from './store.config.js';

/**
 * The embedded engine's own access rules, written beside its data on every start and given to it as
 * `--config-file`. Its one user starts with the role `writer`; a reader drops that role and is left with
 * SELECT on the views. Nobody, the writer included, is granted a source: no file, url, remote, …
 * Returns the arguments to connect with.
 */
export function embeddedEngineArguments(path: string): string[] {
  const folder = join(path, 'engine');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const usersFile = join(folder, 'users.xml');
  const configFile = join(folder, 'config.xml');
  writeFileSync(usersFile, usersXml(), { mode: 0o600 });
  writeFileSync(configFile, configXml(usersFile), { mode: 0o600 });
  return [`--config-file=${configFile}`];
}

const readerGrants = [
  ...[...publicTables, ...searchTables].map((table) => `GRANT SELECT ON ${database}.${table}`),
  'GRANT SELECT ON system.one',
];

const writerGrants = [
  `GRANT ALL ON ${database}.*`,
  'GRANT KILL QUERY ON *.*',
  'GRANT SELECT ON system.processes',
  'GRANT SET DEFINER ON default', // the views read on its behalf
];

function usersXml(): string {
  return `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><default>
    <no_password/>
    <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
    <grants>${queries([...readerGrants, 'GRANT writer'])}</grants>
  </default></users>
  <roles><writer><grants>${queries(writerGrants)}</grants></writer></roles>
</clickhouse>
`;
}

/**
 * Caches are sized for a guest on somebody's machine: the engine's defaults are a server's (5 GiB of marks).
 * A part is on the disk, not in the page cache, before its insert returns: ingest trusts max(offset).
 */
function configXml(usersFile: string): string {
  return `<clickhouse>
  <logger><level>none</level></logger>
  <users_config>${escapeXml(usersFile)}</users_config>
  <max_server_memory_usage>4294967296</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <primary_index_cache_size>67108864</primary_index_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <query_condition_cache_size>16777216</query_condition_cache_size>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
  </merge_tree>
</clickhouse>
`;
}

const queries = (grants: readonly string[]): string =>
  grants.map((grant) => `<query>${escapeXml(grant)}</query>`).join('');

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
