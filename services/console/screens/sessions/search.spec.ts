import { expect, it } from 'vitest';
import { fromLocalInput, readSearch, toLocalInput } from './search.js';

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

it('goes from an instant to the viewer’s clock and back', () => {
  expect(fromLocalInput(toLocalInput('2026-07-01T12:30:00.000Z'))).toBe('2026-07-01T12:30:00.000Z');
  expect(toLocalInput(undefined)).toBe('');
  expect(fromLocalInput('')).toBeUndefined();
});
