import { AnnotationQueryBuilder, type AnnotationTarget } from '@grafana/grafana-foundation-sdk/dashboard';
import { rows } from './clickhouse.query.js';
import { controlEvents } from './events.sql.js';
import { findingsOfThen } from './findings.sql.js';
import { clickhouse } from './sources.js';

/** From the window's start to its end; tags are text with commas between. */
export const findingMarks = () =>
  marks(
    'Findings',
    'red',
    `SELECT window_start AS at, window_end AS timeEnd, concat(title, ': ', evidence) AS text, concat(severity, ',', detector) AS tags
${findingsOfThen}
ORDER BY at
LIMIT 500`,
  );

/** What changed the rules by which statements are decided. */
export const policyMarks = () =>
  marks(
    'Policies, masking and connections',
    'blue',
    `SELECT time AS at, concat(type, ' by ', identity, if(reason = '', '', concat(' (', reason, ')'))) AS text, concat(type, ',', subject) AS tags
${controlEvents('weir.policy.v1')} AND type != 'ConnectionSampled'
ORDER BY at
LIMIT 500`,
  );

/** The plugin reads its query where Grafana's own data source has its filters: the SDK knows only those. */
function marks(name: string, color: string, sql: string): AnnotationQueryBuilder {
  const own: AnnotationTarget = { limit: 500, matchAny: false, tags: [], type: 'dashboard' };
  const target = { ...own, ...rows(sql, 'Marks').build() };
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(clickhouse)
    .enable(true)
    .hide(false)
    .iconColor(color)
    .target({ build: () => target });
}
