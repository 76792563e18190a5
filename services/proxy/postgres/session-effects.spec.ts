import { describe, expect, it } from 'vitest';
import type { SessionEffect } from '#statement';
import type { Judgement } from '../gate/gate.js';
import { spentOf } from './session-effects.js';
import type { SessionNames } from './session-names.js';

describe('a FETCH', () => {
  const old = { rows: 7, bytes: 70 };
  const names = { portals: { find: () => ({ spent: old }) } } as unknown as SessionNames;
  const declare: SessionEffect = { type: 'declare', name: 'c' };
  const fetch: SessionEffect = { type: 'fetch', name: 'c', move: false };
  const move: SessionEffect = { ...fetch, move: true };
  const spent = (...effects: SessionEffect[]) => spentOf({ effects } as unknown as Judgement, names);

  it('spends of its cursor', () => {
    expect(spent(fetch)).toBe(old);
    expect(spent({ type: 'begin' }, move, fetch)).toBe(old);
  });

  it('spends anew of one that its text has declared before it, but not of one that is declared after it', () => {
    expect(spent(declare, fetch)).toBeUndefined();
    expect(spent(fetch, { type: 'close', name: 'c' }, declare)).toBe(old);
    expect(spent(fetch, { type: 'close', name: 'c' }, declare, fetch)).toBe(old);
  });

  it('is not a MOVE of another', () => {
    const byName = { portals: { find: (name: string) => (name === 'c' ? { spent: old } : undefined) } };
    const effects = [{ ...move, name: 'a' }, fetch];
    expect(spentOf({ effects } as unknown as Judgement, byName as unknown as SessionNames)).toBe(old);
  });
});
