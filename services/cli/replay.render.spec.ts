import { describe, expect, it } from 'vitest';
import { sessionEventOf } from './replay.events.js';
import { ReplayRenderer } from './replay.render.js';

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1, 14, 3, 21, ms)).toISOString();

function replay(events: readonly object[], maxRows = 20): string {
  const renderer = new ReplayRenderer(maxRows);
  return events
    .map((event, i) => sessionEventOf(JSON.stringify({ seq: String(i + 1), time: at(i), ...event })))
    .map((event) => (event ? renderer.render(event) : ''))
    .filter((text) => text !== '')
    .join('\n');
}

const columns = [{ name: 'id' }, { name: 'email', mask: 'partial', class: 'email' }];
const row = (id: string, email?: string) => ({
  values: [{ text: id }, email === undefined ? {} : { text: email }],
});

describe('a replay', () => {
  it('tells a session as it went', () => {
    const told = replay([
      {
        type: 'weir.events.v1.SessionStarted',
        sessionId: 'ses_1',
        principal: { id: 'dev:dev-agent', kind: 'agent', onBehalfOf: 'dev:ann' },
        connection: 'demo',
        sourceAddress: '127.0.0.1:40122',
        clientProgram: 'psql',
        clientTls: true,
      },
      {
        type: 'weir.events.v1.StatementReceived',
        statementId: 'st_1',
        text: 'select *\n  from customers where id = $1',
        decision: 'allow',
        policyIds: ['agents-read'],
        parameters: [{ value: '7' }, { null: true }],
      },
      {
        type: 'weir.events.v1.StatementOutcome',
        statementId: 'st_1',
        status: 'ok',
        commandTag: 'SELECT 2',
        rows: '2',
        bytes: '310',
        durationUs: '2900',
        masked: { email: '1' },
        result: { columns, rows: [row('7', 'a***@x'), row('8')], rowCount: 2 },
      },
      {
        type: 'weir.events.v1.StatementReceived',
        statementId: 'st_2',
        text: 'drop table customers',
        decision: 'deny',
        reason: 'no DDL',
      },
      {
        type: 'weir.events.v1.StatementOutcome',
        statementId: 'st_2',
        status: 'denied',
        sqlstate: '42501',
        message: 'no DDL',
      },
      {
        type: 'weir.events.v1.StatementReceived',
        statementId: 'st_3',
        text: 'delete from t',
        decision: 'hold',
        approvalId: 'apr_1',
      },
      {
        type: 'weir.events.v1.HoldResolved',
        statementId: 'st_3',
        approvalId: 'apr_1',
        outcome: 'approved',
        decidedBy: ['dev:bea'],
        waitedUs: '3200000',
      },
      { type: 'weir.events.v1.SessionEnded', reason: 'terminated', statements: '3', bytesOut: '900' },
    ]);
    expect(told).toBe(
      [
        '14:03:21.000  dev:dev-agent (agent for dev:ann) on demo',
        '              127.0.0.1:40122, psql, TLS; ses_1',
        '14:03:21.001  #1 select *',
        '                   from customers where id = $1',
        '              $1 = 7',
        '              $2 = NULL',
        '              allowed (agents-read)',
        '14:03:21.002  #1 SELECT 2 · 2 rows · 310 bytes · 2.9 ms · masked: email ×1',
        '              id  email [partial]',
        '              ──  ───────────────',
        '              7   a***@x',
        '              8   ∅',
        '14:03:21.003  #2 drop table customers',
        '              DENIED: no DDL',
        '14:03:21.004  #2 denied · 0 µs',
        '              42501 no DDL',
        '14:03:21.005  #3 delete from t',
        '              HELD, apr_1',
        '14:03:21.006  #3 approved by dev:bea after 3.2 s (apr_1)',
        '14:03:21.007  ended: terminated; 3 statements, 900 bytes out',
      ].join('\n'),
    );
  });

  it('shows so many rows of the chunks of a result, and says how many more there are', () => {
    const told = replay(
      [
        { type: 'ResultChunk', statementId: 'st_1', columns, rows: [row('1'), row('2')], rowCount: 2 },
        { type: 'ResultChunk', statementId: 'st_1', index: 1, rows: [row('3'), row('4')], rowCount: 2 },
        { type: 'StatementOutcome', statementId: 'st_1', status: 'ok', commandTag: 'SELECT 4', rows: 4 },
      ],
      3,
    );
    expect(told).toContain('3   ∅\n');
    expect(told).not.toContain('4   ∅');
    expect(told).toContain('… 1 more row recorded (--rows all)');
  });

  it('lets nothing of a statement or a value act on the terminal', () => {
    const told = replay([
      {
        type: 'StatementReceived',
        statementId: 's',
        text: 'select \u001b[31m1',
        decision: 'allow',
        parameters: [{ value: '\u009b2J' }],
      },
      {
        type: 'StatementOutcome',
        statementId: 's',
        status: 'error',
        message: 'x\u001b]0;y\u0007',
        result: { columns: [{ name: 'a\u001b[2K' }], rows: [row('\u001b[1A')] },
      },
      { type: 'SessionEnded', reason: '\u202egone' },
    ]);
    expect(told).not.toMatch(/[\u001b\u009b\u0007\u202e]/);
    expect(told).toContain('select \\u{1b}[31m1');
  });

  it('passes over an event of a later version', () => {
    expect(
      replay([
        { type: 'weir.events.v9.SomethingNew', x: 1 },
        { type: 'SessionEnded', reason: 'lost' },
      ]),
    ).toMatch(/ended: lost/);
  });
});
