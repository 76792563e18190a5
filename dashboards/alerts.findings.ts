import type { AlertRule } from './parts/alert.rule.js';

export const findingAlerts: readonly AlertRule[] = [
  {
    uid: 'weir-grave-finding',
    title: 'A high or critical finding',
    summary:
      '{{ $labels.identity }}: {{ $labels.title }} ({{ $labels.detector }}, {{ $labels.severity }}), and nobody has looked at it.',
    severity: 'critical',
    seconds: 3600,
    sql: `SELECT identity, detector, title, severity, count() AS raised
FROM findings
WHERE $__timeFilter(time) AND state = 'open' AND severity IN ('high', 'critical')
GROUP BY identity, detector, title, severity`,
    above: 0,
    dashboard: 'weir-exfiltration',
  },
];
