import type { AlertRule } from './parts/alert.rule.js';

export const findingAlerts: readonly AlertRule[] = [
  {
    uid: 'weir-grave-finding',
    title: 'A high or critical finding',
    summary:
      '{{ $labels.identity }}: {{ $labels.title }} ({{ $labels.detector }}, {{ $labels.severity }}), and nobody has looked at it.',
    severity: 'critical',
    // As long as nobody looks at it.
    seconds: 7 * 86_400,
    sql: `SELECT identity, detector, title, severity, count() AS raised
FROM findings
WHERE $__timeFilter(raised_at) AND state = 'open' AND severity IN ('high', 'critical')
GROUP BY identity, detector, title, severity`,
    above: 0,
    dashboard: 'weir-exfiltration',
  },
  {
    uid: 'weir-quarantined',
    title: 'An identity was put in quarantine',
    summary: '{{ $labels.identity }} was put in quarantine ({{ $labels.level }}) by {{ $labels.who }}.',
    severity: 'warning',
    seconds: 3600,
    sql: `SELECT identity, level, "by" AS who, count() AS words
FROM quarantines
WHERE $__timeFilter(logged_at) AND action = 'set'
GROUP BY identity, level, who`,
    above: 0,
    dashboard: 'weir-exfiltration',
  },
  {
    uid: 'weir-detector-refused',
    title: 'A detector is refused',
    summary:
      'The file {{ $labels.file }} is refused; `./weir detectors` says why, and what runs in its stead.',
    severity: 'warning',
    seconds: 30 * 86_400,
    sql: `SELECT file, count() AS refusals
FROM detectors
WHERE $__timeFilter(published_at) AND refused != ''
  AND (published_at, place) = (SELECT max((published_at, place)) FROM detectors WHERE $__timeFilter(published_at))
GROUP BY file`,
    above: 0,
    dashboard: 'weir-pipeline',
  },
  {
    uid: 'weir-detection-behind',
    title: 'Detection does not get on',
    summary:
      'Statements of {{ $value }} hours of identities have been stored for more than five minutes and nobody has looked for theft in them; the audit service’s log says why. Where detection is off on purpose, silence this.',
    severity: 'critical',
    seconds: 3 * 3600,
    // An hour counts whole, or not at all.
    sql: `SELECT countIf(outcomes > worked_in) AS behind
FROM (
  SELECT identity, hour, sum(seen) AS outcomes, sum(counted) AS worked_in
  FROM (
    SELECT identity, toStartOfHour(time) AS hour, 1 AS seen, 0 AS counted
    FROM session_events
    WHERE type = 'StatementOutcome' AND $__timeFilter(time) AND hour >= $__fromTime
      AND ingested_at < $__toTime - INTERVAL 5 MINUTE
    UNION ALL
    SELECT identity, hour, 0, statements
    FROM identity_hours
    WHERE $__timeFilter(hour)
  )
  GROUP BY identity, hour
)
HAVING behind > 0`,
    above: 0,
    dashboard: 'weir-pipeline',
  },
];
