import type { DetectorHeader } from './detector.file.js';
import { dayMs, dayOf, hourMs, hourOf, type TimeRange } from './store.sql.js';

type Scheduled = Pick<DetectorHeader, 'schedule'>;

/** Milliseconds: the least that is asked of a detector. */
export const pieceLength = ({ schedule }: Scheduled): number => (schedule === 'day' ? dayMs : hourMs);

/** A range by the hour; what is asked for by the day, by the day. */
export function piecesOf(detector: Scheduled, { from, to }: TimeRange): TimeRange[] {
  const length = pieceLength(detector);
  const begin = detector.schedule === 'day' ? dayOf(from) : hourOf(from);
  return Array.from({ length: Math.ceil((to - begin) / length) }, (_, i) => {
    const at = begin + i * length;
    return { from: at, to: at + length };
  });
}
