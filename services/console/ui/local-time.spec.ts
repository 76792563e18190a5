import { expect, it } from 'vitest';
import { fromLocalInput, toLocalInput } from './local-time.js';

it('goes from an instant to the viewer’s clock and back', () => {
  expect(fromLocalInput(toLocalInput('2026-07-01T12:30:00.000Z'))).toBe('2026-07-01T12:30:00.000Z');
  expect(toLocalInput(undefined)).toBe('');
  expect(fromLocalInput('')).toBeUndefined();
});
