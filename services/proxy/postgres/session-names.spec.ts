import { describe, expect, it } from 'vitest';
import { SessionNames } from './session-names.js';

describe('names of a pipelining session', () => {
  it('uses a name before the server has confirmed it', () => {
    const names = new SessionNames<string>();
    names.change('a', 'v1');
    expect(names.get('a')).toBe('v1');
    expect(names.isPending('a')).toBe(true);
  });

  it('goes back to what the server kept when a Parse over an existing name fails', () => {
    const names = new SessionNames<string>();
    names.confirm(names.change('a', 'v1'));
    const second = names.change('a', 'v2');
    names.revert(second);
    expect(names.get('a')).toBe('v1');
    expect(names.isPending('a')).toBe(false);
  });

  it('takes back an earlier change under a later one', () => {
    const names = new SessionNames<string>();
    const first = names.change('a', 'v1');
    const second = names.change('a', 'v2');
    names.revert(first);
    expect(names.get('a')).toBe('v2');
    names.revert(second);
    expect(names.get('a')).toBeUndefined();
  });

  it('closes and forgets', () => {
    const names = new SessionNames<string>();
    names.confirm(names.change('a', 'v1'));
    names.confirm(names.change('a', undefined));
    names.confirm(names.change('b', 'portal'));
    names.forget((value) => value === 'portal');
    expect(names.size).toBe(0);
  });
});
