import { describe, expect, it } from 'vitest';
import { topics } from '#events';
import { cutoffOf, planErasure, type OldSession } from './erasure.plan.js';

const tree = { topic: topics.session, partition: 0 };
const bounds = { cutoff: 1000, covered: 100, mostEvents: 30 };
const session = (id: string, own: Partial<OldSession> = {}): OldSession => ({
  ...{ session: id, events: 10, firstOffset: 0, lastOffset: 9, lastAt: 500 },
  ...own,
});
const chosen = (...found: OldSession[]) => planErasure(tree, 30, found, bounds)?.sessions;

describe('what is too old', () => {
  it('is what ended before the day that is so many days ago began', () => {
    const now = Date.parse('2026-03-31T17:00:00Z');
    expect(cutoffOf(now, 30)).toBe(Date.parse('2026-03-01T00:00:00Z'));
    expect(cutoffOf(Date.parse('2026-03-31T00:00:00Z'), 1)).toBe(Date.parse('2026-03-30T00:00:00Z'));
  });

  it('goes as whole sessions, with where they stand in the log', () => {
    const found = [
      session('b', { firstOffset: 4, lastOffset: 25 }),
      session('a', { firstOffset: 3, lastOffset: 20 }),
    ];
    expect(planErasure(tree, 30, found, bounds)).toMatchObject({
      ...{ sessions: ['a', 'b'], events: 20, first: 3, through: 25, days: 30 },
    });
  });

  it('does not go with an event that is younger, or that no checkpoint covers', () => {
    expect(chosen(session('a', { lastAt: 1000 }))).toBeUndefined();
    expect(chosen(session('a', { lastOffset: 101 }))).toBeUndefined();
    expect(chosen(session('a', { lastAt: 999, lastOffset: 100 }))).toEqual(['a']);
  });

  it('goes by portions; a session that is larger than one is one', () => {
    const [a, b, c] = [1, 2, 3].map((n) => session(`s${n}`, { events: 15, lastOffset: n }));
    expect(chosen(a!, b!, c!)).toEqual(['s1', 's2']);
    expect(chosen({ ...a!, events: 1000 }, b!)).toEqual(['s1']);
  });

  it('is the same erasure, planned again, and another one for other sessions, events or rules', () => {
    const id = (days: number, ...found: OldSession[]) => planErasure(tree, days, found, bounds)?.id;
    const one = id(30, session('a'), session('b'));
    expect(id(30, session('b'), session('a'))).toBe(one);
    const others = [
      id(31, session('a'), session('b')),
      id(30, session('a'), session('b', { events: 9 })),
      id(30, session('a')),
    ];
    expect(new Set([one, ...others]).size).toBe(4);
  });
});
