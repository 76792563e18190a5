import type { Mark, Marks } from './marks.js';
import { baselineDays } from './peer-groups.js';
import { dayMs, dayOf, dayText } from './store.sql.js';

/* Days whose baselines something late belongs to, as they are remembered among the marks: `stale/<day>`, with when they were made anew last. */

const isStaleNow = 1;
const nameOf = (day: number): string => `stale/${dayText(day)}`;
/** Milliseconds between two times that a day is made anew: who is late again and again costs little. */
const atLeast = 600_000;

/** Of the hours that were touched: days until today whose baselines are made of them. */
export function staleMarks(marks: Marks, hours: readonly number[], now: number): [string, Mark][] {
  const days = new Set<number>();
  for (const hour of hours)
    for (
      let day = dayOf(hour) + dayMs;
      day <= Math.min(dayOf(now), dayOf(hour) + baselineDays * dayMs);
      day += dayMs
    )
      days.add(day);
  return [...days].flatMap((day): [string, Mark][] => {
    const known = marks.get(nameOf(day));
    return known?.place === isStaleNow ? [] : [[nameOf(day), { place: isStaleNow, at: known?.at ?? 0 }]];
  });
}

export function isToMakeAnew(marks: Marks, day: number, now: number): boolean {
  const known = marks.get(nameOf(day));
  return known?.place === isStaleNow && now - known.at >= atLeast;
}

export const madeAnew = (day: number, now: number): [string, Mark] => [nameOf(day), { place: 0, at: now }];
