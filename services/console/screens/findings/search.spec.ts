import { expect, it } from 'vitest';
import { readSearch } from './search.js';

it('reads a search from an address, and leaves out what it does not understand', () => {
  expect(
    readSearch({
      ...{ state: 'false_alarm', severity: 'high', identity: ' corp:report-bot ', detector: 7 },
      ...{ incident: 'fnd_1', from: '2026-01-01T01:00:00+01:00', cursor: 'MjAyNi0_1' },
    }),
  ).toEqual({
    ...{ state: 'false_alarm', severity: 'high', identity: 'corp:report-bot', detector: '7' },
    ...{ incident: 'fnd_1', from: '2026-01-01T00:00:00.000Z', cursor: 'MjAyNi0_1' },
  });
  expect(
    readSearch({
      ...{ state: 'closed', severity: 'worst', identity: 'x'.repeat(513), detector: 'x'.repeat(129) },
      ...{ from: 'yesterday', to: '', cursor: '../x', other: 'x' },
    }),
  ).toEqual({});
});
