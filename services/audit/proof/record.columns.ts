import { insertColumns } from '#audit-store';

/** 64-bit numbers travel as text: JSON has none. */
const wide = new Set([
  ...[
    'offset',
    'seq',
    'last_seq',
    'time_us',
    'max_rows',
    'lookups_used',
    'lookups_limit',
    'waited_us',
    'rows',
    'bytes',
    'duration_us',
    'bytes_in',
    'bytes_out',
  ],
  ...[
    'statements',
    'allowed',
    'denied',
    'held',
    'errors',
    'masked_values',
    'revealed_values',
    'events',
    'missing',
  ],
]);

const asText = (column: string): string => {
  if (column === 'masked' || column === 'revealed')
    return `mapApply((k, v) -> (toString(k), toString(v)), t.${column}) AS ${column}`;
  return wide.has(column) ? `toString(t.${column}) AS ${column}` : `t.${column} AS ${column}`;
};

const stored = (columns: readonly string[]): string =>
  columns.map((column) => asText(column === 'raw_base64' ? 'raw' : column)).join(', ');

/** What a verifier gets of each table: every column that is derived from the log, none that is not. */
export const recordColumns = {
  events: stored(insertColumns.session_event_rows),
  control: stored(insertColumns.control_event_rows),
  deadLetters: stored(insertColumns.dead_letter_rows),
  expired: stored(insertColumns.expired_event_rows),
  summaries: stored(insertColumns.session_summary_rows),
  sessions: stored([
    ...[
      'session_id',
      'identity',
      'identity_kind',
      'on_behalf_of',
      'connection',
      'protocol',
      'source_address',
    ],
    ...[
      'client_program',
      'client_user',
      'started_at',
      'last_event_at',
      'ended_at',
      'end_reason',
      'statements',
    ],
    ...[
      'denied',
      'held',
      'errors',
      'rows',
      'bytes',
      'masked_values',
      'revealed_values',
      'events',
      'last_seq',
      'missing',
    ],
  ]),
  statements: stored([
    ...['session_id', 'statement_id', 'seq', 'time', 'ended_at', 'identity', 'identity_kind', 'on_behalf_of'],
    ...[
      'connection',
      'protocol',
      'source_address',
      'client_program',
      'text',
      'text_hash',
      'fingerprint',
      'how',
    ],
    ...['kinds', 'tables_read', 'tables_written', 'columns', 'functions', 'parameters', 'decision', 'reason'],
    ...[
      'policy_ids',
      'snapshot',
      'approval_id',
      'max_rows',
      'lookups_used',
      'lookups_limit',
      'hold_outcome',
      'decided_by',
      'waited_us',
      'status',
    ],
    ...[
      'command_tag',
      'sqlstate',
      'message',
      'rows',
      'bytes',
      'duration_us',
      'masked',
      'revealed',
      'recording_cut',
    ],
  ]),
} as const;
