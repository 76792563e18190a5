/** Three statements in two sessions, as lines of `session_event_rows`. */
export function sampleRows(): string[] {
  const event = (session: string, seq: number, type: string, time: string, own: object) => ({
    topic: 'weir.session.v1',
    partition: 0,
    offset: String(seq),
    raw_base64: 'aGk=',
    logged_at: '2026-01-02 03:00:00.000',
    event_id: `evt_${session}_${seq}`,
    type,
    time,
    session_id: session,
    seq: String(seq),
    identity: session === 'ses_1' ? 'corp:ana' : 'corp:bot',
    connection: session === 'ses_1' ? 'orders' : 'crm',
    ...own,
  });
  const received = (id: string, text: string, kind: string, decision: string, tables: string[]) => ({
    statement_id: id,
    text,
    kinds: [kind],
    decision,
    tables_read: tables,
    payload: JSON.stringify({ text }),
  });
  const outcome = (id: string, status: string, rows: number, duration: number) => ({
    statement_id: id,
    status,
    rows,
    duration_us: duration,
    masked: rows === 10 ? { email: '5' } : {},
    payload: '{}',
  });
  const first = '2026-01-02 03:04:05.000000';
  const later = '2026-01-02 04:04:05.000000';
  return [
    event('ses_1', 1, 'SessionStarted', first, { payload: '{}' }),
    event(
      'ses_1',
      2,
      'StatementReceived',
      first,
      received('stm_1', 'select 1', 'select', 'allow', ['public.a']),
    ),
    event('ses_1', 3, 'StatementOutcome', first, outcome('stm_1', 'ok', 10, 200)),
    event(
      'ses_1',
      4,
      'StatementReceived',
      first,
      received('stm_2', 'select 2', 'select', 'allow', ['public.b']),
    ),
    event('ses_1', 5, 'StatementOutcome', first, outcome('stm_2', 'ok', 7, 275)),
    event('ses_2', 1, 'StatementReceived', later, received('stm_3', 'drop table t', 'drop', 'deny', [])),
    event('ses_2', 2, 'StatementOutcome', later, outcome('stm_3', 'denied', 0, 50)),
  ].map((row) => JSON.stringify(row));
}
