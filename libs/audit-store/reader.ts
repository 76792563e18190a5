import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { connectAuditStore } from './connect.js';
import { connectServer } from './server.connection.js';
import { database, type AuditStoreConfig, type ServerConfig } from './store.config.js';

/** What one query of a reader may cost. */
export interface ReaderLimits {
  /** Seconds. The engine's own stop; whoever runs foreign queries kills earlier. */
  readonly seconds: number;
  /** Bytes of memory. */
  readonly memory: number;
  readonly resultRows: number;
  readonly resultBytes: number;
  readonly threads: number;
}

/**
 * A client that can read the public views and nothing else: its limits are set, then it is read-only, and no
 * later statement of its session can lift either. Unqualified names mean tables of `weir`.
 */
export async function connectAuditReader(
  config: AuditStoreConfig,
  limits: ReaderLimits,
): Promise<ClickHouseClient> {
  if (config.kind === 'clickhouse') return connectServerReader(config, limits);
  const client = connectAuditStore(config);
  try {
    await client.command({ query: 'SET ROLE NONE' });
    await client.command({ query: `USE ${database}` });
    for (const [name, value] of Object.entries(readerSettings(limits)))
      await client.command({ query: `SET ${name} = ${typeof value === 'number' ? value : `'${value}'`}` });
    await client.command({ query: 'SET readonly = 1' });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** `readonly = 2`: whoever may set limits may not lift this one. */
function connectServerReader(config: ServerConfig, limits: ReaderLimits): ClickHouseClient {
  const settings: ClickHouseSettings = {
    ...readerSettings(limits),
    readonly: '2',
    cancel_http_readonly_queries_on_client_close: 1,
  };
  return connectServer(config, { as: config.reader ?? config, database, settings });
}

function readerSettings(limits: ReaderLimits) {
  return {
    max_execution_time: limits.seconds,
    timeout_overflow_mode: 'throw',
    max_memory_usage: String(limits.memory),
    max_threads: limits.threads,
    max_result_rows: String(limits.resultRows),
    max_result_bytes: String(limits.resultBytes),
    result_overflow_mode: 'throw',
    max_temporary_data_on_disk_size_for_query: String(8 * limits.memory),
    max_bytes_before_external_group_by: String(Math.floor(limits.memory / 2)),
    max_bytes_before_external_sort: String(Math.floor(limits.memory / 2)),
    max_ast_depth: '500',
    max_ast_elements: '20000',
    max_expanded_ast_elements: '100000',
    max_subquery_depth: '50',
    max_recursive_cte_evaluation_depth: '1000',
    function_range_max_elements_in_block: '10000000',
    max_block_size: '8192',
    allow_ddl: 0,
    allow_introspection_functions: 0,
    async_insert: 0,
    query_plan_remove_redundant_sorting: 0,
    output_format_json_quote_64bit_integers: 0,
    output_format_json_quote_denormals: 1,
    output_format_json_validate_utf8: 1,
    joined_subquery_requires_alias: 0,
    session_timezone: 'UTC',
  } as const;
}
