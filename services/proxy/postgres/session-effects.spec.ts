import { describe, expect, it } from 'vitest';
import type { SessionEffect } from '#statement';
import type { Judgement } from '../gate/gate.js';
import { cursorsSpent } from './session-effects.js';
import type { SessionNames } from './session-names.js';

describe('a FETCH', () => {
  const spents = new Map(['c', 'd'].map((name) => [name, { rows: 7, bytes: 70 }]));
  const portals = { find: (name: string) => (spents.has(name) ? { spent: spents.get(name) } : undefined) };
  const declare: SessionEffect = { type: 'declare', name: 'c' };
  const close: SessionEffect = { type: 'close', name: 'c' };
  const fetch: SessionEffect = { type: 'fetch', name: 'c', move: false };
  const [c, d] = [spents.get('c'), spents.get('d')];
  const spent = (...effects: SessionEffect[]) => {
    const judgement = { effects, analysis: { statements: effects.map((effect) => ({ effect })) } };
    return cursorsSpent(judgement as unknown as Judgement, { portals } as unknown as SessionNames);
  };

  it('spends of its cursor', () => {
    expect(spent(fetch)).toEqual([c]);
    expect(spent({ type: 'begin' }, fetch)[1]).toBe(c);
  });

  it('of each cursor that a text fetches from', () => {
    const found = spent(fetch, { ...fetch, name: 'd' });
    expect(found[0]).toBe(c);
    expect(found[1]).toBe(d);
  });

  it('not of one that its text has declared before it, but of one that is declared after it', () => {
    expect(spent(declare, fetch)[1]).toBeUndefined();
    expect(spent(fetch, close, declare)[0]).toBe(c);
    expect(spent(fetch, close, declare, fetch)[0]).toBe(c);
    expect(spent(fetch, close, declare, fetch)[3]).toBeUndefined();
  });
});
