import type { StorageTable } from './store.config.js';

/** Bytes that a row carries as they are, and base64 once it is JSON. */
export class RawBytes {
  constructor(readonly bytes: Uint8Array) {}

  toJSON(): string {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  }
}

/** What every row of the three tables carries: where the event stands in the log, and its exact bytes. */
export interface LoggedRow {
  topic: string;
  partition: number;
  /** As text: an offset may leave the range of a double. */
  offset: string;
  /** The envelope's bytes; in JSON base64. */
  raw_base64: RawBytes | string;
  /** `YYYY-MM-DD hh:mm:ss.mmm`, UTC. */
  logged_at: string;
  event_id: string;
  type: string;
}

/** A session event; what an event's type has no value for is left out and takes the column's default. */
export interface SessionEventRow extends LoggedRow {
  source: string;
  /** `YYYY-MM-DD hh:mm:ss.uuuuuu`, UTC. */
  time: string;
  session_id: string;
  seq: string;
  hash: string;
  identity: string;
  identity_kind: string;
  on_behalf_of: string;
  connection: string;
  protocol: string;
  source_address: string;
  client_program: string;
  client_user: string;
  /** The principal's, at the start of a session. */
  groups?: readonly string[];
  statement_id?: string;
  text?: string;
  text_hash?: string;
  fingerprint?: string;
  how?: string;
  kinds?: readonly string[];
  tables_read?: readonly string[];
  tables_written?: readonly string[];
  tables_through?: readonly string[];
  columns?: readonly string[];
  functions?: readonly string[];
  parameters?: readonly (string | null)[];
  decision?: string;
  reason?: string;
  policy_ids?: readonly string[];
  snapshot?: string;
  approval_id?: string;
  max_rows?: string;
  lookups_used?: string;
  lookups_limit?: string;
  hold_outcome?: string;
  decided_by?: readonly string[];
  waited_us?: string;
  status?: string;
  command_tag?: string;
  sqlstate?: string;
  message?: string;
  rows?: string;
  bytes?: string;
  duration_us?: string;
  masked?: Readonly<Record<string, string>>;
  revealed?: Readonly<Record<string, string>>;
  result_digest?: string;
  recording_cut?: boolean;
  end_reason?: string;
  bytes_in?: string;
  bytes_out?: string;
  /** JSON. */
  payload: string;
}

/** An event of any other topic. */
export interface ControlEventRow extends LoggedRow {
  source: string;
  subject: string;
  time: string;
  identity?: string;
  identity_kind?: string;
  connection?: string;
  session_id?: string;
  statement_id?: string;
  approval_id?: string;
  decision?: string;
  reason?: string;
  payload: string;
}

/** An event that could not be read. */
export interface DeadLetterRow extends LoggedRow {
  session_id: string;
  seq: string;
  reason: string;
}

/** What is kept of a session's event that is erased: all that its hash covers, its content as a hash. */
export interface ExpiredEventRow {
  session_id: string;
  seq: string;
  /** Hex, as is `content`. */
  hash: string;
  event_id: string;
  /** In full, as it is hashed. */
  type: string;
  time_us: string;
  content: string;
  topic: string;
  partition: number;
  offset: string;
  logged_at: string;
  erasure: string;
}

/** A session as it stood after its event at `offset`. */
export interface SessionSummaryRow {
  session_id: string;
  topic: string;
  partition: number;
  offset: string;
  identity: string;
  identity_kind: string;
  on_behalf_of: string;
  connection: string;
  protocol: string;
  source_address: string;
  client_program: string;
  client_user: string;
  started_at: string;
  last_event_at: string;
  ended_at: string | null;
  end_reason: string;
  statements: string;
  allowed: string;
  denied: string;
  held: string;
  errors: string;
  rows: string;
  bytes: string;
  masked_values: string;
  revealed_values: string;
  events: string;
  last_seq: string;
  touched: readonly string[];
  classes: readonly string[];
}

/** An insert names its columns: `raw_base64` is not stored, and a column that is not stored must be named. */
// prettier-ignore
export const insertColumns: Readonly<Record<StorageTable, readonly string[]>> = {
  session_event_rows: columns<SessionEventRow>({
    topic: 1, partition: 1, offset: 1, raw_base64: 1, logged_at: 1, event_id: 1, type: 1, source: 1, time: 1,
    session_id: 1, seq: 1, hash: 1, identity: 1, identity_kind: 1, on_behalf_of: 1, connection: 1, protocol: 1,
    source_address: 1, client_program: 1, client_user: 1, groups: 1, statement_id: 1, text: 1, text_hash: 1, fingerprint: 1,
    how: 1, kinds: 1, tables_read: 1, tables_written: 1, tables_through: 1, columns: 1, functions: 1, parameters: 1, decision: 1,
    reason: 1, policy_ids: 1, snapshot: 1, approval_id: 1, max_rows: 1, lookups_used: 1, lookups_limit: 1,
    hold_outcome: 1, decided_by: 1, waited_us: 1, status: 1, command_tag: 1, sqlstate: 1, message: 1, rows: 1, bytes: 1, duration_us: 1,
    masked: 1, revealed: 1, result_digest: 1, recording_cut: 1, end_reason: 1, bytes_in: 1, bytes_out: 1, payload: 1,
  }),
  control_event_rows: columns<ControlEventRow>({
    topic: 1, partition: 1, offset: 1, raw_base64: 1, logged_at: 1, event_id: 1, type: 1, source: 1,
    subject: 1, time: 1, identity: 1, identity_kind: 1, connection: 1, session_id: 1, statement_id: 1,
    approval_id: 1, decision: 1, reason: 1, payload: 1,
  }),
  dead_letter_rows: columns<DeadLetterRow>({
    topic: 1, partition: 1, offset: 1, raw_base64: 1, logged_at: 1, event_id: 1, type: 1, session_id: 1,
    seq: 1, reason: 1,
  }),
  session_summary_rows: columns<SessionSummaryRow>({
    session_id: 1, topic: 1, partition: 1, offset: 1, identity: 1, identity_kind: 1, on_behalf_of: 1,
    connection: 1, protocol: 1, source_address: 1, client_program: 1, client_user: 1, started_at: 1,
    last_event_at: 1, ended_at: 1, end_reason: 1, statements: 1, allowed: 1, denied: 1, held: 1, errors: 1,
    rows: 1, bytes: 1, masked_values: 1, revealed_values: 1, events: 1, last_seq: 1, touched: 1, classes: 1,
  }),
  expired_event_rows: columns<ExpiredEventRow>({
    session_id: 1, seq: 1, hash: 1, event_id: 1, type: 1, time_us: 1, content: 1, topic: 1, partition: 1,
    offset: 1, logged_at: 1, erasure: 1,
  }),
};

/** The keys of a row's type, all of them: a column forgotten here does not compile. */
function columns<Row>(names: Record<keyof Row & string, 1>): string[] {
  return Object.keys(names);
}
