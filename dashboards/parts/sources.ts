import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/dashboard';

/** Data sources are found by these uids: deploy/grafana provisions both, and whoever brings their own gives them the same. */
export const clickhouse: DataSourceRef = { type: 'grafana-clickhouse-datasource', uid: 'weirkeeper' };
export const prometheus: DataSourceRef = { type: 'prometheus', uid: 'weirkeeper-prometheus' };
/** What puts answers of queries together inside of Grafana: alert rules name it. */
export const expressions = '__expr__';
