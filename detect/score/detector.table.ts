import { detectorRows, type Scored } from '../../services/audit/history/score.numbers.js';
import { delayCells, intervalText, markdown, shareText } from './table.js';

const head = [
  ...['detector', 'findings', 'of them false', 'false alarms', 'at the budget', 'recall, of all incidents'],
  ...['found by it alone', 'most of', 'found after, median', 'p95'],
];
const mostKinds = 3;

/** Each detector as if it were the only one. `heard`: those that are listened to at the budget. */
export function detectorTable(scored: Scored, heard: ReadonlySet<string>): string {
  const rows = detectorRows(scored).map((row) => [
    ...[row.detector, String(row.findings), String(row.falseFindings), intervalText(row.falseAlarms)],
    ...[heard.has(row.detector) ? 'heard' : 'silent', shareText(row.recall), String(row.alone)],
    row.kinds
      .slice(0, mostKinds)
      .map(({ kind, form, recall }) => `${kind} ${form} ${recall.value.toFixed(2)}`)
      .join(', '),
    ...delayCells(row.foundAfter),
  ]);
  return markdown([head, ...rows]);
}
