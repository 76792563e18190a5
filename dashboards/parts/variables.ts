import {
  ConstantVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { inTime } from './events.sql.js';
import { clickhouse } from './sources.js';

/** Where the pages are: the chart puts `config.publicUrl` in its place. A constant: no link to a dashboard can change where its links go. */
export const consoleUrl = 'http://127.0.0.1:8080';
export const pages = () => new ConstantVariableBuilder('console').label('Pages').value(consoleUrl);

const all = { selected: true, text: 'All', value: '$__all' };

/** Connections that were used in the dashboard's time; several, or all. */
export const connection = () =>
  query(
    'connection',
    `SELECT DISTINCT connection FROM session_events WHERE ${inTime} ORDER BY connection LIMIT 1000`,
  )
    .label('Connection')
    .multi(true);

/** Who did something in the dashboard's time; one, or all. */
export const identity = () =>
  query(
    'identity',
    `SELECT DISTINCT identity FROM session_events WHERE ${inTime} ORDER BY identity LIMIT 5000`,
  ).label('Identity');

/** As text: version 4 of the plugin takes its SQL as it is, whatever its own editor makes of it later. */
function query(name: string, sql: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource(clickhouse)
    .query(sql)
    .includeAll(true)
    .current(all)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}
