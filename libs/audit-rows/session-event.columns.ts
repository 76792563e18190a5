import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { SessionEventRow } from '#audit-store';
import {
  HoldResolvedSchema,
  ResultChunkSchema,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementPreparedSchema,
  StatementReceivedSchema,
  type HoldResolved,
  type SessionEnded,
  type StatementOutcome,
  type StatementReceived,
  type TableRef,
} from '#events';
import { eventSchema } from './event.schemas.js';
import type { Fields } from './statement.reader.js';

export type OwnColumns = Partial<SessionEventRow>;

/** A type of session event, and what of its payload has a column of its own. */
export interface SessionEventType<T extends DescMessage = DescMessage> {
  readonly schema: T;
  columns(message: MessageShape<T>): OwnColumns;
}

const types: readonly SessionEventType[] = [
  type(SessionStartedSchema, ({ principal }) => ({ groups: principal?.groups ?? [] })),
  type(StatementReceivedSchema, receivedColumns),
  type(StatementPreparedSchema, ({ text, textHash }) => ({ text, text_hash: hex(textHash) })),
  type(HoldResolvedSchema, holdColumns),
  type(ResultChunkSchema, ({ statementId }) => ({ statement_id: statementId })),
  type(StatementOutcomeSchema, outcomeColumns),
  type(SessionEndedSchema, endColumns),
];

const typesByName = new Map(types.map((each) => [each.schema.typeName, each]));

/** Throws for a type that this build does not know. */
export function sessionEventType(name: string): SessionEventType {
  return typesByName.get(name) ?? { schema: eventSchema(name), columns: () => ({}) };
}

function type<T extends DescMessage>(
  schema: T,
  columns: (message: MessageShape<T>) => OwnColumns,
): SessionEventType {
  return { schema, columns: (message) => columns(message as MessageShape<T>) };
}

export function receivedColumns(received: Fields<StatementReceived>): OwnColumns {
  return {
    statement_id: received.statementId,
    text: received.text,
    text_hash: hex(received.textHash),
    fingerprint: received.fingerprint,
    how: received.how,
    kinds: received.kinds,
    tables_read: received.reads.map(tableName),
    tables_written: received.writes.map(tableName),
    tables_through: received.through.map(tableName),
    columns: received.columns.map(({ schema, table, column }) => `${schema}.${table}.${column}`),
    functions: received.functions,
    parameters: received.parameters.map((parameter) => (parameter.null ? null : parameter.value)),
    decision: received.decision,
    reason: received.reason,
    policy_ids: received.policyIds,
    snapshot: received.snapshot,
    approval_id: received.approvalId,
    max_rows: String(received.maxRows),
    lookups_used: String(received.lookupsUsed),
    lookups_limit: String(received.lookupsLimit),
  };
}

function holdColumns(hold: HoldResolved): OwnColumns {
  return {
    statement_id: hold.statementId,
    approval_id: hold.approvalId,
    hold_outcome: hold.outcome,
    decided_by: hold.decidedBy,
    waited_us: String(hold.waitedUs),
  };
}

export function outcomeColumns(outcome: Omit<Fields<StatementOutcome>, 'result'>): OwnColumns {
  return {
    statement_id: outcome.statementId,
    status: outcome.status,
    command_tag: outcome.commandTag,
    sqlstate: outcome.sqlstate,
    message: outcome.message,
    rows: String(outcome.rows),
    bytes: String(outcome.bytes),
    duration_us: String(outcome.durationUs),
    masked: counts(outcome.masked),
    revealed: counts(outcome.revealed),
    result_digest: hex(outcome.resultDigest),
    recording_cut: outcome.recordingCut,
  };
}

function endColumns(ended: SessionEnded): OwnColumns {
  return {
    end_reason: ended.reason,
    bytes_in: String(ended.bytesIn),
    bytes_out: String(ended.bytesOut),
  };
}

const counts = (by: Readonly<Record<string, bigint>>): Record<string, string> =>
  Object.fromEntries(Object.entries(by).map(([name, n]) => [name, String(n)]));

const tableName = ({ schema, name }: TableRef): string => (schema === '' ? name : `${schema}.${name}`);

const hex = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');
