import { stringify } from 'yaml';
import { findingAlerts } from './alerts.findings.js';
import type { AlertRule } from './parts/alert.rule.js';
import { pluginVersion } from './parts/clickhouse.query.js';
import { inTime, maskedValues, requestState } from './parts/events.sql.js';
import { clickhouse, expressions } from './parts/sources.js';

const alerts: readonly AlertRule[] = [
  {
    uid: 'weir-masked-volume',
    title: 'Sensitive values in bulk',
    summary:
      '{{ $labels.identity }} got more than 100,000 masked values from {{ $labels.connection }} within an hour.',
    severity: 'warning',
    seconds: 3600,
    sql: `SELECT identity, connection, sum(${maskedValues}) AS masked_values
FROM session_events
WHERE type = 'StatementOutcome' AND ${inTime}
GROUP BY identity, connection
HAVING masked_values > 0`,
    above: 100_000,
    dashboard: 'weir-classes',
  },
  {
    uid: 'weir-refusals',
    title: 'Many statements of one identity refused',
    summary: 'Policy refused more than 50 statements of {{ $labels.identity }} within ten minutes.',
    severity: 'warning',
    seconds: 600,
    sql: `SELECT identity, count() AS refused
FROM session_events
WHERE type = 'StatementReceived' AND decision = 'deny' AND ${inTime}
GROUP BY identity`,
    above: 50,
    dashboard: 'weir-decisions',
  },
  {
    uid: 'weir-waiting',
    title: 'Nobody decides',
    summary: 'A request for {{ $labels.connection }} has been waiting for more than a quarter of an hour.',
    severity: 'info',
    seconds: 86_400,
    sql: `SELECT where_to AS connection, max(dateDiff('second', asked_at, $__toTime)) AS waiting_s
FROM (
  SELECT approval_id, minIf(time, type = 'ApprovalRequested') AS asked_at,
    anyIf(connection, type = 'ApprovalRequested') AS where_to
  FROM control_events
  WHERE topic = 'weir.approval.v1' AND ${inTime}
  GROUP BY approval_id
  HAVING countIf(type = 'ApprovalRequested') > 0 AND ${requestState} = 'pending'
)
GROUP BY connection`,
    above: 900,
    dashboard: 'weir-approvals',
  },
  {
    uid: 'weir-policy-changed',
    title: 'Policies, masking or a connection changed',
    summary: '{{ $labels.identity }}: {{ $labels.type }} of {{ $labels.subject }}.',
    severity: 'info',
    seconds: 600,
    sql: `SELECT identity, type, subject, count() AS changes
FROM control_events
WHERE topic = 'weir.policy.v1' AND type != 'ConnectionSampled' AND ${inTime}
GROUP BY identity, type, subject`,
    above: 0,
    dashboard: 'weir-decisions',
  },
  {
    uid: 'weir-dead-letters',
    title: 'Events that cannot be read',
    summary: 'Events of {{ $labels.topic }} could not be read; the pipeline dashboard has the reasons.',
    severity: 'critical',
    seconds: 3600,
    sql: `SELECT topic, count() AS dead_letters\nFROM dead_letters\nWHERE $__timeFilter(ingested_at)\nGROUP BY topic`,
    above: 0,
    dashboard: 'weir-pipeline',
  },
  {
    uid: 'weir-slow-store',
    title: 'Events are stored late',
    summary:
      'Of the events that came in the last quarter of an hour one in a hundred took more than a minute from the log to the audit store.',
    severity: 'warning',
    seconds: 900,
    sql: `SELECT quantileExact(0.99)(dateDiff('second', logged_at, ingested_at)) AS p99_s
FROM session_events
WHERE $__timeFilter(ingested_at)
HAVING count() > 0`,
    above: 60,
    dashboard: 'weir-pipeline',
  },
];

export const alertRules: readonly AlertRule[] = [...findingAlerts, ...alerts];

/** Grafana's file of provisioned rules. Where they go, its notification policies say: a contact point is the operator's. */
export const alertsYaml = (): string =>
  head +
  stringify(
    {
      apiVersion: 1,
      groups: [
        {
          ...{ orgId: 1, name: 'weirkeeper', folder: 'Weirkeeper', interval: '1m' },
          rules: alertRules.map((each) => ruleOf(each)),
        },
      ],
    },
    { lineWidth: 0 },
  );

const head =
  '# Made by deploy/dev/dashboards.mjs from dashboards/alerts.ts and alerts.findings.ts. Do not change it here.\n';

function ruleOf({ uid, title, summary, severity, seconds, sql, above, dashboard }: AlertRule) {
  return {
    ...{ uid, title, condition: 'B' },
    data: [query(seconds, sql), threshold(above)],
    // No row: nothing of the kind happened.
    ...{ for: '0s', noDataState: 'OK', execErrState: 'Error' },
    annotations: { summary, dashboard: `/d/${dashboard}` },
    labels: { severity, product: 'weirkeeper' },
  };
}

function query(seconds: number, sql: string) {
  const model = { refId: 'A', editorType: 'sql', queryType: 'table', format: 1, pluginVersion, rawSql: sql };
  return { refId: 'A', datasourceUid: clickhouse.uid, relativeTimeRange: { from: seconds, to: 0 }, model };
}

function threshold(above: number) {
  const conditions = [
    { type: 'query', evaluator: { type: 'gt', params: [above] }, query: { params: ['A'] } },
  ];
  const model = { refId: 'B', type: 'threshold', expression: 'A', conditions };
  return { refId: 'B', datasourceUid: expressions, relativeTimeRange: { from: 0, to: 0 }, model };
}
