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
];
