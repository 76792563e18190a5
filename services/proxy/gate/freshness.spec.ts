import { describe, expect, it } from 'vitest';
import { Freshness } from './freshness.js';

describe('freshness', () => {
  let age = 0;
  const freshness = new Freshness({ maxMs: 30_000, age: () => age });
  const demanded = () => {
    try {
      freshness.demand();
      return 'let in';
    } catch (error) {
      const { code, message, hint } = error as { code: string; message: string; hint: string };
      return [code, message, hint].join(' | ');
    }
  };

  it('lets everything go on up to the limit, and again once the log answers', () => {
    for (const young of [0, 1500, 30_000]) {
      age = young;
      expect([freshness.holds, demanded(), freshness.objection(true)]).toEqual([true, 'let in', undefined]);
    }
    age = 30_001;
    expect(freshness.holds).toBe(false);
    age = 12;
    expect([freshness.holds, demanded(), freshness.objection(true)]).toEqual([true, 'let in', undefined]);
  });

  it('refuses newcomers and what is sensitive past it, and nothing else', () => {
    age = 42_000;
    expect(demanded()).toMatch(
      /^STALE_SNAPSHOT \| the event log has not answered for 42 s.*new sessions.* \| .*30 s/,
    );
    expect(freshness.objection(true)).toMatchObject({ code: 'STALE_SNAPSHOT' });
    expect(freshness.objection(true)!.message).toContain('masked tables are not touched');
    expect(freshness.objection(false)).toBeUndefined();
  });

  it('takes what was never proven for stale', () => {
    age = Infinity;
    expect(freshness.holds).toBe(false);
    expect(demanded()).toContain('has not answered yet');
  });
});
