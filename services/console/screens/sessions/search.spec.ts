import { expect, it } from 'vitest';
import { readSearch } from './search.js';

it('reads a search from an address, and leaves out what it does not understand', () => {
  expect(
    readSearch({
      identity: ' corp:ana ',
      table: 7,
      decision: 'deny',
      since: '2026-01-01T00:00:00Z',
      cursor: '',
    }),
  ).toEqual({ identity: 'corp:ana', table: '7', decision: 'deny', since: '2026-01-01T00:00:00Z' });
  expect(readSearch({ decision: 'perhaps', since: 'yesterday', identity: {}, other: 'x' })).toEqual({});
});
