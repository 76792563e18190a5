import { expect, it } from 'vitest';
import type { SessionEventParts } from './session-event.row.js';
import {
  addToSummary,
  emptySummary,
  more,
  mostClasses,
  mostTouched,
  summaryColumns,
  summaryOf,
} from './session.summary.js';

const event = (n: number, type: string, own: SessionEventParts[3]): SessionEventParts =>
  [
    { offset: String(n), type },
    { time: '2026-01-01', seq: String(n) },
    {},
    own,
  ] as unknown as SessionEventParts;

it('a row stays small, however much a session touches, and says so', () => {
  const summary = emptySummary();
  for (let n = 0; n < 5_000; n++) {
    const touched = { decision: 'allow', tables_read: [`s.t${n}`] };
    addToSummary(summary, event(2 * n, 'StatementReceived', touched));
    addToSummary(
      summary,
      event(2 * n + 1, 'StatementOutcome', { masked: { [`class${n}`]: '1' }, revealed: { a: '2' } }),
    );
  }
  const { touched, classes, statements, masked_values, revealed_values } = summaryColumns(summary);
  expect([statements, masked_values, revealed_values]).toEqual(['5000', '5000', '10000']);
  expect(summaryColumns(summaryOf(summaryColumns(summary)))).toEqual(summaryColumns(summary));
  expect([touched.length, classes.length]).toEqual([mostTouched + 1, mostClasses + 1]);
  expect([touched.at(-1), classes.at(-1)]).toEqual([more, more]);
  expect(touched.slice(0, 2)).toEqual(['allow s.t0', 'allow t0']);
});

it('a row with room for all says nothing of more', () => {
  const summary = emptySummary();
  for (let n = 0; n < mostTouched; n++) {
    const touched = { decision: 'deny', tables_read: [`t${n}`] };
    for (const _ of [1, 2]) addToSummary(summary, event(n, 'StatementReceived', touched));
  }
  expect(summary.touched.size).toBe(mostTouched);
  expect(summary.touched.has(more)).toBe(false);
});
