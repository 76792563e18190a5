import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { BytesIEC, Percent, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { metricOverTime, statOf } from './parts/panels.js';
import { prometheus } from './parts/sources.js';

const metric = (expr: string, legend: string, refId = 'A'): Builder<Dataquery> =>
  new DataqueryBuilder().expr(expr).legendFormat(legend).range().refId(refId).datasource(prometheus);
const now = (expr: string): Builder<Dataquery> =>
  new DataqueryBuilder().expr(expr).instant().refId('A').datasource(prometheus);

const metricStat = (title: string, expr: string, description: string, unit: string, alarming: number) =>
  statOf(title, now(expr), { description, unit, alarming, empty: 'unknown' }).datasource(prometheus);

export const health = [
  metricStat(
    'Processes down',
    'sum(1 - weir_process_up) or vector(0)',
    'Processes of an instance that do not answer. A service that is down altogether is in no sum: see `up`.',
    ...([Short, 1] as const),
  ),
  metricStat(
    'Not shipped for',
    'max(weir_journal_oldest_unshipped_seconds)',
    'Age of the oldest event that the log does not have yet.',
    ...([Seconds, 60] as const),
  ),
  metricStat(
    'Fullest journal',
    '100 * max(weir_journal_bytes / weir_journal_cap_bytes)',
    'Of what it may take; at a hundred, statements are refused.',
    ...([Percent, 50] as const),
  ),
  metricStat(
    'Stalest policies',
    'max(weir_log_fold_age_seconds)',
    'Seconds since the stalest process is known to have had all that stood in the log.',
    ...([Seconds, 10] as const),
  ),
  metricStat(
    'Not stored for',
    'max(weir_audit_lag_seconds)',
    'Age of the oldest event that is read from the log and not stored.',
    ...([Seconds, 60] as const),
  ),
  metricStat(
    'Unproven for',
    'max(weir_proof_checkpoint_age_seconds)',
    'Since all that was stored had its checkpoint.',
    ...([Seconds, 120] as const),
  ),
];

export const gate = [
  metricOverTime(
    'Statements a second',
    [metric('sum by (decision) (rate(weir_statements_total[$__rate_interval]))', '{{decision}}')],
    { description: 'Recorded, by decision.', unit: Short },
  ),
  metricOverTime(
    'What the gate adds',
    [
      metric(
        'histogram_quantile(0.5, sum by (le) (rate(weir_gate_latency_seconds_bucket[$__rate_interval])))',
        'half',
      ),
      metric(
        'histogram_quantile(0.99, sum by (le) (rate(weir_gate_latency_seconds_bucket[$__rate_interval])))',
        'ninety-nine in a hundred',
        'B',
      ),
    ],
    {
      description: 'From reading of a client to sending to its target; waits for people left out.',
      unit: Seconds,
    },
  ),
  metricOverTime('Open sessions', [metric('sum by (connection) (weir_sessions_open)', '{{connection}}')], {
    description: 'By connection; near 2000 a gate no more clients are taken.',
    ...{ unit: Short, stacked: true },
  }),
  metricOverTime(
    'Errors that clients were told',
    [metric('sum by (code) (rate(weir_refusals_total[$__rate_interval]))', '{{code}}')],
    {
      description: 'A second, by code. Any JOURNAL_FULL, STALE_SNAPSHOT or INTERNAL wants a look.',
      unit: Short,
    },
  ),
];

export const journal = [
  metricOverTime(
    'Journal',
    [
      metric('sum(weir_journal_bytes)', 'on disk'),
      metric('sum(weir_journal_unshipped_bytes)', 'not shipped', 'B'),
      metric('sum(weir_journal_cap_bytes)', 'cap', 'C'),
    ],
    { description: 'Of all processes.', unit: BytesIEC },
  ),
  metricOverTime(
    'Event log',
    [
      metric('sum by (topic) (rate(weir_log_appended_events_total[$__rate_interval]))', '{{topic}}'),
      metric(
        'sum by (topic) (rate(weir_log_append_errors_total[$__rate_interval]))',
        'errors: {{topic}}',
        'B',
      ),
    ],
    { description: 'Events a second that it took, and batches a second that it did not.', unit: Short },
  ),
  metricOverTime(
    'Behind the log',
    [
      metric('max by (topic) (weir_log_fold_age_seconds)', 'fold: {{topic}}'),
      metric('max by (topic) (weir_audit_lag_seconds)', 'audit: {{topic}}', 'B'),
    ],
    { description: 'How old what processes know of the log is.', unit: Seconds },
  ),
  metricOverTime('Events not stored', [metric('sum by (topic) (weir_audit_lag_events)', '{{topic}}')], {
    description: 'Of the log; only ever growing wants a look.',
    unit: Short,
  }),
  metricOverTime(
    'Audit store',
    [
      metric('min(weir_audit_store_up)', 'takes events'),
      metric('sum(rate(weir_audit_retries_total[$__rate_interval]))', 'retries a second', 'B'),
      metric('sum(rate(weir_proof_failures_total[$__rate_interval]))', 'failed checkpoints a second', 'C'),
    ],
    { description: '1: it takes events.', unit: Short },
  ),
  metricOverTime(
    'Webhooks',
    [
      metric('sum by (outcome) (rate(weir_webhook_deliveries_total[$__rate_interval]))', '{{outcome}}'),
      metric('sum(weir_webhook_pending)', 'pending', 'B'),
    ],
    { description: 'Tries a second by outcome, and messages that wait.', unit: Short },
  ),
];

export const detection = [
  metricOverTime(
    'Detection',
    [
      metric(
        'histogram_quantile(0.95, sum by (le) (rate(weir_detection_round_seconds_bucket[$__rate_interval])))',
        'a round, nineteen in twenty',
      ),
    ],
    {
      description: 'From a look at what is new until its findings were raised; above a second wants a look.',
      unit: Seconds,
    },
  ),
  metricOverTime(
    'Detectors that failed',
    [metric('sum by (detector) (increase(weir_detector_failures_total[$__rate_interval]))', '{{detector}}')],
    {
      description:
        "Queries of a detector that failed or took too long. Any: the audit service's log says why.",
      unit: Short,
    },
  ),
];

export const processes = [
  metricOverTime('Resident memory', [metric('process_resident_memory_bytes', '{{instance}} {{process}}')], {
    description: 'By process.',
    unit: BytesIEC,
  }),
  metricOverTime('Event loop lag', [metric('nodejs_eventloop_lag_p99_seconds', '{{instance}} {{process}}')], {
    description: 'Of a gate or proxy, above a tenth of a second wants a look.',
    unit: Seconds,
  }),
];
