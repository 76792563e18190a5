import { Short } from '@grafana/grafana-foundation-sdk/units';
import { findings, quarantines } from './parts/findings.sql.js';
import { drillDown, openFinding, type CellLink } from './parts/links.js';
import { list, overTime, stat, type PanelSource } from './parts/panels.js';

/** Raised in the panel's time, by anybody's detectors. */
export const openFindingStats = (): PanelSource[] => [
  stat('Open findings', `SELECT count() AS open_findings\n${findings}\n  AND state = 'open'`, {
    description: 'Findings that nobody has acknowledged or called a false alarm.',
    ...{ unit: Short, alarming: 1 },
  }),
  stat(
    'High and critical',
    `SELECT count() AS grave_findings\n${findings}\n  AND state = 'open' AND severity IN ('high', 'critical')`,
    { description: 'Of these, the grave ones.', unit: Short, alarming: 1 },
  ),
];

export const exfiltrationFindings = (): PanelSource[] => [
  overTime(
    'Findings by severity',
    `SELECT $__timeInterval(raised_at) AS at, severity, count() AS raised\n${findings}\nGROUP BY at, severity\nORDER BY at, severity`,
    { description: 'When they were raised.', unit: Short, stacked: true, by: 'severity', span: 8 },
  ),
  list(
    'Incidents',
    `SELECT incident, any(identity) AS who, count() AS raised, arrayStringConcat(arraySort(groupUniqArray(detector)), ', ') AS detectors,
  min(window_start) AS began, max(window_end) AS ended, countIf(state = 'open') AS open_findings
${findings}
GROUP BY incident
ORDER BY began DESC
LIMIT 100`,
    { description: 'Findings of one identity that are close together.', span: 16 },
  ),
  findingList([drillDown]),
  quarantineList([drillDown]),
];

/** The newest first. */
export const findingList = (links: readonly CellLink[]): PanelSource =>
  list(
    'Findings',
    `SELECT raised_at, severity, title, evidence, identity, connection, subject, technique, state, risk, finding_id
${findings}
ORDER BY raised_at DESC, finding_id
LIMIT 200`,
    {
      description: 'What detectors found, with the evidence in words.',
      columns: {
        severity: { width: 90 },
        evidence: { width: 480 },
        identity: { links },
        finding_id: { links: [openFinding] },
      },
      empty: 'no finding in this time',
    },
  );

/** What was set and lifted, by people and by rules. */
export const quarantineList = (links: readonly CellLink[]): PanelSource =>
  list(
    'Quarantines',
    `SELECT logged_at, identity, action, level, reason, "by", finding_id
${quarantines}
ORDER BY logged_at DESC
LIMIT 100`,
    {
      description: 'Whose rights were narrowed, how far, by whom, and when that was lifted.',
      columns: { identity: { links }, finding_id: { links: [openFinding] } },
      empty: 'nobody in this time',
    },
  );
