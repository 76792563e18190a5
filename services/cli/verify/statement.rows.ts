import type { SessionEventParts } from '#audit-rows';
import { textOf, type StoredRow } from './stored.rows.js';

type Columns = Readonly<Record<string, unknown>>;

const ofReceived = [
  ...[
    'text',
    'text_hash',
    'fingerprint',
    'how',
    'kinds',
    'tables_read',
    'tables_written',
    'columns',
    'functions',
  ],
  ...[
    'parameters',
    'decision',
    'reason',
    'policy_ids',
    'snapshot',
    'max_rows',
    'lookups_used',
    'lookups_limit',
  ],
];
const ofHold = ['hold_outcome', 'decided_by', 'waited_us'];
const ofOutcome = [
  ...['status', 'command_tag', 'sqlstate', 'message', 'rows', 'bytes', 'duration_us', 'masked', 'revealed'],
];
const ofSession = [
  ...[
    'identity',
    'identity_kind',
    'on_behalf_of',
    'connection',
    'protocol',
    'source_address',
    'client_program',
  ],
];
const types = new Set(['StatementReceived', 'HoldResolved', 'StatementOutcome']);

/** What the view `weir.statements` makes of a session's rows, by statement. */
export function statementRows(session: string, rows: readonly SessionEventParts[]): Map<string, StoredRow> {
  const byStatement = new Map<string, Columns[]>();
  for (const parts of rows) {
    const row: Columns = Object.assign({}, ...parts) as Columns;
    const id = textOf(row, 'statement_id');
    if (!types.has(textOf(row, 'type'))) continue;
    const own = byStatement.get(id);
    if (own) own.push(row);
    else byStatement.set(id, [row]);
  }
  return new Map([...byStatement].map(([id, events]) => [id, statementRow(session, id, events)]));
}

function statementRow(session: string, id: string, events: readonly Columns[]): StoredRow {
  const [first = {}] = events;
  const outcome = events.findLast(({ type }) => type === 'StatementOutcome');
  const times = (of: readonly Columns[]) => of.map((row) => textOf(row, 'time')).sort();
  return {
    session_id: session,
    statement_id: id,
    seq: first['seq'],
    time: times(events)[0],
    ended_at: times(events.filter(({ type }) => type === 'StatementOutcome')).at(-1) ?? null,
    ...pick(first, ofSession),
    ...pick(
      events.find(({ type }) => type === 'StatementReceived'),
      ofReceived,
    ),
    approval_id: events
      .map((row) => textOf(row, 'approval_id'))
      .sort()
      .at(-1),
    ...pick(
      events.findLast(({ type }) => type === 'HoldResolved'),
      ofHold,
    ),
    ...pick(outcome, ofOutcome),
    recording_cut: events.some(({ recording_cut }) => recording_cut === true),
  };
}

const pick = (row: Columns | undefined, columns: readonly string[]): Columns =>
  row ? Object.fromEntries(columns.map((column) => [column, row[column]])) : {};
