import type { Interval, Share } from '../../services/audit/history/share.js';

/** The first row is the head. */
export function markdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** Of milliseconds. */
export function hours(ms: number): string {
  if (Number.isNaN(ms)) return '–';
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

/** `0.83 (0.71–0.91)`; of nothing a dash. */
export const shareText = (share: Share): string => (share.of === 0 ? '–' : intervalText(share));

export const intervalText = ({ value, low, high }: Interval): string =>
  `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;

/** Median and p95, one cell each. */
export const delayCells = ({ median, p95 }: { readonly median: number; readonly p95: number }): string[] => [
  hours(median),
  hours(p95),
];
