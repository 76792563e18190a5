import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/dashboard';
import { clickhouse } from './sources.js';

/** A query as `grafana-clickhouse-datasource` keeps it (version 4), written in its SQL editor. */
export interface ClickHouseQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly editorType: 'sql';
  readonly queryType: 'timeseries' | 'table';
  /** What the plugin's backend goes by: 0 makes one series a label out of rows by time, 1 leaves the rows as they are. */
  readonly format: 0 | 1;
  readonly pluginVersion: string;
  readonly rawSql: string;
}

/** Rows by time, in order: the first column is when, texts are labels, numbers are values. */
export const series = (sql: string, refId = 'A'): Builder<ClickHouseQuery> => built(sql, refId, 'timeseries');

/** Rows as they come. */
export const rows = (sql: string, refId = 'A'): Builder<ClickHouseQuery> => built(sql, refId, 'table');

/** The plugin writes its version into what it saves; from that on it changes older queries to its own form. */
export const pluginVersion = '4.20.0';

function built(
  sql: string,
  refId: string,
  queryType: ClickHouseQuery['queryType'],
): Builder<ClickHouseQuery> {
  const query: ClickHouseQuery = {
    ...{ refId, datasource: clickhouse, queryType, pluginVersion },
    editorType: 'sql',
    format: queryType === 'table' ? 1 : 0,
    rawSql: sql.trim(),
    // The SDK's mark of a query: a function, so JSON leaves it out.
    _implementsDataqueryVariant() {},
  };
  return { build: () => query };
}
