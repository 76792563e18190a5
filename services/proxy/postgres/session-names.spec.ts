import { describe, expect, it } from 'vitest';
import { NameTable } from './session-names.js';

describe('names of a pipelining session', () => {
  const settled = (names: NameTable<string>, name: string, value: string) =>
    names.set(name, value, value.length);
  const sent = (names: NameTable<string>, name: string, value: string | undefined) => {
    const change = names.change(value === undefined ? 'close' : 'parse', name, value, value?.length);
    change.stage = 'sent';
    return change;
  };

  it.each(['a', ''])(
    'shows "%s" to the segment that tries it, and to no other before it is answered',
    (name) => {
      const names = new NameTable<string>();
      const change = names.change('parse', name, 'v1');
      expect(names.find(name)).toBe('v1');
      change.stage = 'sent';
      expect(names.find(name)).toBe('pending');
      change.confirm();
      expect(names.find(name)).toBe('v1');
    },
  );

  it('takes back what a segment tried over what another one sent', () => {
    const names = new NameTable<string>();
    settled(names, 'a', 'v1');
    sent(names, 'a', undefined);
    const tried = names.change('parse', 'a', 'v2');
    expect(names.find('a')).toBe('v2');
    tried.revert();
    expect(names.find('a')).toBe('pending');
  });

  it('goes back to what the server kept when a Parse over an existing name fails', () => {
    const names = new NameTable<string>();
    settled(names, 'a', 'v1');
    sent(names, 'a', 'v2').failed();
    expect(names.find('a')).toBe('v1');
  });

  it('knows that a Parse that fails leaves no unnamed statement, and one never seen leaves the old one', () => {
    const names = new NameTable<string>();
    settled(names, '', 'v1');
    sent(names, '', 'v2').revert();
    expect(names.find('')).toBe('v1');
    sent(names, '', 'v2').failed();
    expect(names.find('')).toBeUndefined();
  });

  it('takes back an earlier change under a later one', () => {
    const names = new NameTable<string>();
    const first = sent(names, 'a', 'v1');
    const second = sent(names, 'a', 'v2');
    first.revert();
    expect(names.find('a')).toBe('pending');
    second.revert();
    expect(names.find('a')).toBeUndefined();
    expect(names.size).toBe(0);
  });

  it('keeps nothing of what was closed', () => {
    const names = new NameTable<string>();
    settled(names, 'a', 'v1');
    const closed = sent(names, 'a', undefined);
    const again = sent(names, 'a', 'v2');
    closed.confirm();
    again.revert();
    expect(names.size).toBe(0);
  });

  it('forgets what the target has dropped, and not what was sent since', () => {
    const names = new NameTable<string>();
    settled(names, 'a', 'v1');
    settled(names, '', 'v1');
    const later = sent(names, 'a', 'v2');
    names.forget((value) => value === 'v1');
    expect(names.find('')).toBeUndefined();
    later.revert();
    expect(names.find('a')).toBeUndefined();
  });

  it('counts the bytes that it holds until the target has let them go', () => {
    const names = new NameTable<string>();
    settled(names, 'a', '12345');
    settled(names, '', 'unnamed');
    expect(names.bytes).toBe(5);
    const closed = sent(names, 'a', undefined);
    const again = sent(names, 'a', '123');
    expect(names.bytes).toBe(8);
    closed.confirm();
    expect(names.bytes).toBe(3);
    again.confirm();
    settled(names, 'b', '12');
    settled(names, 'b', '1');
    expect(names.bytes).toBe(4);
    sent(names, 'c', '1234').failed();
    names.drop('a');
    names.forget(() => true);
    expect(names.bytes).toBe(0);
  });
});
