import { describe, expect, it } from 'vitest';
import { oneAtATime } from './table.turn.js';

describe('writes one at a time', () => {
  it('follow one another within a table, not across tables, and a failure ends only its own', async () => {
    const log: string[] = [];
    const turn = oneAtATime();
    const write = (name: string) => async () => {
      log.push(`begin ${name}`);
      await new Promise((done) => setImmediate(done));
      log.push(`end ${name}`);
      if (name === 'a') throw new Error('refused');
    };
    const a = turn('session_event_rows', write('a'));
    await Promise.all([
      expect(a).rejects.toThrow('refused'),
      turn('session_event_rows', write('b')),
      turn('dead_letter_rows', write('c')),
    ]);
    expect(log.slice(0, 2)).toEqual(['begin a', 'begin c']);
    expect(log.indexOf('begin b')).toBeGreaterThan(log.indexOf('end a'));
  });
});
