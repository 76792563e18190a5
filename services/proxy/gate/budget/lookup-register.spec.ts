import { describe, expect, test } from 'vitest';
import { LookupRegister } from './lookup-register.js';

const hour = 3_600_000;
const windows = [{ amount: 3, ms: hour }];
const key = Buffer.alloc(32, 7);
const column = 'bot on orders: customers.email';

function looked(register: LookupRegister, values: readonly string[], now: number): boolean {
  if (register.exceeded(column, values, windows, now)) return false;
  register.add(column, values, now);
  return true;
}

describe('looked-up values', () => {
  test('count once each, however often they are asked for', () => {
    const register = new LookupRegister(key);
    expect(looked(register, ['a', 'b', 'a'], 0)).toBe(true);
    for (let i = 0; i < 10; i++) expect(looked(register, ['a', 'b'], i)).toBe(true);
    expect(looked(register, ['c'], 20)).toBe(true);
    expect(looked(register, ['d'], 21)).toBe(false);
    expect(looked(register, ['a', 'c'], 22)).toBe(true);
  });

  test('are forgotten an hour after their last use, not after their first', () => {
    const register = new LookupRegister(key);
    looked(register, ['a', 'b', 'c'], 0);
    looked(register, ['a'], hour - 1);
    expect(looked(register, ['d', 'e'], hour)).toBe(true);
    expect(looked(register, ['f'], hour)).toBe(false);
    expect(looked(register, ['f'], 2 * hour)).toBe(true);
  });

  test('beyond the window, what was counted in it still passes', () => {
    const register = new LookupRegister(key);
    register.add(column, ['a', 'b', 'c', 'approved'], 0);
    expect(looked(register, ['a', 'approved'], 1)).toBe(true);
    expect(looked(register, ['a', 'new'], 2)).toBe(false);
  });

  test('say how far the window is used that is used the most', () => {
    const register = new LookupRegister(key);
    const two = [{ amount: 4, ms: hour }, { amount: 10, ms: 24 * hour }]; // prettier-ignore
    expect(register.use(column, two, 0)).toEqual({ used: 0, limit: 4 });
    looked(register, ['a', 'b', 'a'], 0);
    expect(register.use(column, two, 1)).toEqual({ used: 2, limit: 4 });
    expect(register.use(column, two, hour)).toEqual({ used: 2, limit: 10 });
    expect(register.use('another', two, 1)).toMatchObject({ used: 0 });
    expect(register.use(column, [], 1)).toBeUndefined();
  });

  test('another column counts apart', () => {
    const register = new LookupRegister(key);
    looked(register, ['a', 'b', 'c'], 0);
    expect(register.exceeded('another', ['d', 'e', 'f'], windows, 1)).toBeUndefined();
  });

  test('are kept as keyed hashes, never as themselves, and go on after a restart', () => {
    const register = new LookupRegister(key);
    looked(register, ['ana@example.com', 'b', 'c'], 0);
    const state = JSON.stringify(register.state(1));
    expect(state).not.toContain('ana');
    const after = new LookupRegister(key);
    after.restore(JSON.parse(state));
    expect(looked(after, ['ana@example.com'], 2)).toBe(true);
    expect(looked(after, ['new'], 3)).toBe(false);
    const stranger = new LookupRegister(Buffer.alloc(32, 8));
    expect(JSON.stringify(stranger.state(1))).not.toEqual(state);
  });

  test('a full register takes nothing more until something is too old', () => {
    const register = new LookupRegister(key);
    const many = [{ amount: 10_000, ms: hour }];
    for (let c = 0; c < 10; c++)
      register.add(
        `column ${c}`,
        Array.from({ length: 10_000 }, (_, i) => `${i}`),
        0,
      );
    expect(register.exceeded(column, ['a'], many, 1)).toBeDefined();
    expect(register.exceeded(column, ['a'], many, 32 * 24 * hour)).toBeUndefined();
  });
});
