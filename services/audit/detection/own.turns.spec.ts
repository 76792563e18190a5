import { describe, expect, it } from 'vitest';
import type { Detector } from './detector.check.js';
import { OwnTurns } from './own.turns.js';
import { hourMs } from './store.sql.js';
import type { Unanswered } from './unanswered.js';

const due = (id: string, hour: number, tries = 0): Unanswered => ({
  detector: { id } as Detector,
  range: { from: hour * hourMs, to: (hour + 1) * hourMs },
  ...{ tries, dueAt: 0 },
});
const said = (each: Unanswered | undefined) =>
  each && `${each.detector.id} ${each.range.from / hourMs}-${each.range.to / hourMs}`;

describe("a house's own detectors", () => {
  it('each get a turn before any gets two, and who was asked longest ago is next', () => {
    const turns = new OwnTurns();
    const all = [due('a', 5), due('a', 1), due('b', 3), due('c', 9)];
    const next = () => said(turns.next(all));
    expect([next(), next(), next(), next()]).toEqual(['a 1-2', 'b 3-4', 'c 9-10', 'a 1-2']);
    expect(said(turns.next([due('c', 9), due('b', 3)]))).toBe('b 3-4');
    expect(turns.next([])).toBeUndefined();
  });

  it('are asked once for the hours of a day that follow one another', () => {
    const hours = [26, 25, 24, 23, 22, 20].map((hour) => due('a', hour));
    const next = (all: readonly Unanswered[]) => said(new OwnTurns().next(all));
    expect(next(hours)).toBe('a 20-21');
    expect(next(hours.slice(0, -1))).toBe('a 22-24');
    expect(next(hours.slice(0, 3))).toBe('a 24-27');
    expect(next([due('a', 1), due('b', 2), due('a', 3)])).toBe('a 1-2');
  });

  it('are asked alone for an hour that they did not answer for with others', () => {
    const next = (all: readonly Unanswered[]) => said(new OwnTurns().next(all));
    expect(next([due('a', 1, 1), due('a', 2, 1)])).toBe('a 1-2');
    expect(next([due('a', 1), due('a', 2), due('a', 3, 2)])).toBe('a 1-3');
  });
});
