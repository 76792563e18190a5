import { describe, expect, it } from 'vitest';
import { mostRows, Replay } from './replay.js';

const replayOf = (...lines: Record<string, unknown>[]) => {
  const replay = new Replay();
  lines.forEach((line, i) => replay.take({ seq: i + 1, time: '2026-01-01T00:00:00.000000Z', ...line }));
  return replay.entries;
};
const received = { type: 'StatementReceived', statementId: 's-1', text: 'SELECT 1', decision: 'allow' };

describe('a session as it went', () => {
  it('puts a statement together from its events', () => {
    const [entry] = replayOf(
      { ...received, parameters: [{ value: 'x' }, { null: true }, { note: 'masked' }] },
      {
        type: 'HoldResolved',
        statementId: 's-1',
        outcome: 'approved',
        decidedBy: ['dev:ana'],
        waitedUs: '1500',
      },
      {
        type: 'ResultChunk',
        statementId: 's-1',
        columns: [{ name: 'n', mask: 'whole' }],
        rows: [{ values: [{ text: '****' }] }],
        rowCount: 1,
      },
      {
        type: 'StatementOutcome',
        statementId: 's-1',
        status: 'ok',
        rows: '2',
        masked: { ssn: '2' },
        result: { rows: [{ values: [{}] }], rowCount: 1 },
      },
    );
    expect(entry).toMatchObject({
      number: 1,
      parameters: [{ value: 'x' }, { value: null }, { value: '', note: 'masked' }],
      hold: { outcome: 'approved', decidedBy: ['dev:ana'], waitedUs: 1500 },
      outcome: { status: 'ok', rows: 2, masked: [['ssn', 2]] },
      result: {
        columns: [{ name: 'n', mask: 'whole' }],
        rows: [[{ text: '****' }], [{ text: null }]],
        total: 2,
      },
    });
  });

  it('ends as the record says, in the words of whoever shows it', () => {
    expect(replayOf({ type: 'SessionEnded', reason: 'client gone' })).toEqual([
      { kind: 'end', id: 'event-1', time: '2026-01-01T00:00:00.000000Z', reason: 'client gone' },
    ]);
  });

  it('keeps a bounded number of rows, and counts them all', () => {
    const chunk = {
      type: 'ResultChunk',
      statementId: 's-1',
      rows: Array(300).fill({ values: [] }),
      rowCount: 300,
    };
    const [entry] = replayOf(received, chunk, chunk, chunk);
    expect(entry).toMatchObject({ result: { total: 900 } });
    expect(entry?.kind === 'statement' && entry.result?.rows.length).toBe(mostRows);
  });

  it('takes what a later version says without falling over it', () => {
    expect(
      replayOf(
        { type: 'Unheard' },
        { type: 'ResultChunk', statementId: 'unknown', rows: 'none' },
        { type: 7 },
        {
          ...received,
          parameters: [null, 'x'],
          policyIds: { a: 1 },
        },
      ),
    ).toHaveLength(1);
  });
});
