import { describe, expect, it } from 'vitest';
import { eventIdFor, isRetry, writeOf } from './idempotency.js';
import { SeenEvents } from './seen-events.js';

const id = (body: unknown, key: string | undefined = 'k', scope = ['do', 'corp:ana']) =>
  eventIdFor({ key, body }, scope, 1);
const code = (run: () => unknown) => {
  try {
    return run();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the id of a write', () => {
  it('is the same for the same key, scope and body, and of one write for another body', () => {
    expect(id({ a: 1 })).toBe(id({ a: 1 }));
    expect(id({ a: 1 })).not.toBe(id({ a: 2 }));
    expect(writeOf(id({ a: 1 }))).toBe(writeOf(id({ a: 2 })));
    expect(code(() => isRetry(id({ a: 1 }), id({ a: 2 })))).toBe('KEY_REUSED');
    for (const other of [id({ a: 1 }, 'k2'), id({ a: 1 }, 'k', ['do', 'corp:bo'])])
      expect(isRetry(other, id({ a: 1 }))).toBe(false);
  });

  it('is new each time without a key', () => {
    const fresh = () => eventIdFor({ key: undefined, body: {} }, ['do'], 1);
    const one = fresh();
    expect([writeOf(one), isRetry(fresh(), one)]).toEqual([one, false]);
  });
});

describe('events that were seen', () => {
  it('repeat under their key whatever the body, and of those the first counts', () => {
    const seen = new SeenEvents();
    seen.add(id({ a: 1 }), false);
    expect([seen.has(id({ a: 1 })), seen.ignored(id({ a: 1 }))]).toEqual([true, true]);
    expect([seen.repeats(id({ a: 2 })), seen.ignored(id({ a: 2 }))]).toEqual([true, false]);
    expect(code(() => seen.has(id({ a: 2 })))).toBe('KEY_REUSED');
    expect([seen.has('evt_1'), seen.repeats('evt_1')]).toEqual([false, false]);
  });
});
