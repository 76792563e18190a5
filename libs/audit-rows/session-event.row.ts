import { fromBinary, isMessage, toJson, type JsonObject, type Message } from '@bufbuild/protobuf';
import type { LoggedRow, SessionEventRow } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import {
  ResultChunkSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  type Envelope,
  type Link,
  type ResultChunk,
  type SessionStarted,
} from '#events';
import { timeOfMicroseconds } from './event.times.js';
import { loggedRow } from './logged.row.js';
import { recordedRows, type RecordedRow } from './result.rows.js';
import type { SessionColumns, SessionEntry } from './session.book.js';
import {
  outcomeColumns,
  receivedColumns,
  sessionEventType,
  type OwnColumns,
} from './session-event.columns.js';
import { outcomeJson, receivedJson } from './statement.json.js';
import { readOutcome, readReceived, type Fields } from './statement.reader.js';

/**
 * The row of a session event, and the session's entry brought up to it. The row follows from the session's
 * events up to this one and from nothing else, so it can be derived again. Throws for a payload that can't
 * be read: the reason is the error's message.
 */
export function sessionEventRow(event: LoggedEvent, link: Link, session: SessionEntry): SessionEventParts {
  const { envelope } = event;
  const time = timeOfMicroseconds(envelope.timeUs);
  const { own, payload } = sessionSays(envelope, session);
  session.highWater = link.seq;
  const place = {
    source: envelope.source,
    time,
    session_id: envelope.subject,
    seq: String(link.seq),
    hash: Buffer.from(link.hash.buffer, link.hash.byteOffset, link.hash.byteLength).toString('hex'),
  };
  return [loggedRow(event), place, session.who, own, { payload: JSON.stringify(payload) }];
}

interface Said {
  readonly own: OwnColumns;
  readonly payload: object;
}

/** What the payload says, for the row; throws where it can't be read, and the session's entry is then as it was. */
export function sessionSays(envelope: Envelope, session: SessionEntry): Said {
  return quickly(envelope, session) ?? withLibrary(envelope, session);
}

/** The two messages that most events are, where nothing about them is unusual. */
function quickly({ type, data }: Envelope, session: SessionEntry): Said | undefined {
  if (type === StatementReceivedSchema.typeName) {
    const read = readReceived(data);
    return read && { own: receivedColumns(read), payload: receivedJson(read) };
  }
  if (type !== StatementOutcomeSchema.typeName) return undefined;
  const read = readOutcome(data);
  return read && { own: outcomeColumns(read), payload: outcomeJson(read, rowsOf(read.result, session)) };
}

export function withLibrary(envelope: Envelope, session: SessionEntry): Said {
  const eventType = sessionEventType(envelope.type);
  const message = fromBinary(eventType.schema, envelope.data);
  const own = eventType.columns(message);
  if (isMessage(message, SessionStartedSchema)) session.who = whoOf(message);
  return { own, payload: payloadOf(message, eventType.schema, session) };
}

type Place = Pick<SessionEventRow, 'source' | 'time' | 'session_id' | 'seq' | 'hash'>;
export type SessionEventParts = readonly [LoggedRow, Place, SessionColumns, OwnColumns, { payload: string }];

function whoOf(started: SessionStarted): SessionColumns {
  return {
    identity: started.principal?.id ?? '',
    identity_kind: started.principal?.kind ?? '',
    on_behalf_of: started.principal?.onBehalfOf ?? '',
    connection: started.connection,
    protocol: started.protocol,
    source_address: started.sourceAddress,
    client_program: started.clientProgram,
    client_user: started.clientUser,
  };
}

/** Protobuf JSON, but with the recorded messages of a result read into rows. */
function payloadOf(
  message: Message,
  schema: Parameters<typeof toJson>[0],
  session: SessionEntry,
): JsonObject {
  const rows = readRows(chunkOf(message), session);
  const json = toJson(schema, message) as JsonObject;
  if (!rows) return json;
  const chunk = isMessage(message, ResultChunkSchema) ? json : (json['result'] as JsonObject);
  chunk['rows'] = rows;
  return json;
}

function chunkOf(message: Message): ResultChunk | undefined {
  if (isMessage(message, ResultChunkSchema)) return message;
  return isMessage(message, StatementOutcomeSchema) ? message.result : undefined;
}

/** Takes the messages out of the chunk and gives their rows; leaves them where they are not whole messages. */
function readRows(chunk: ResultChunk | undefined, session: SessionEntry): JsonObject[] | undefined {
  const rows = rowsOf(chunk, session);
  if (!chunk || !rows) return undefined;
  chunk.frames = new Uint8Array();
  return rows as unknown as JsonObject[];
}

function rowsOf(chunk: Fields<ResultChunk> | undefined, session: SessionEntry): RecordedRow[] | undefined {
  if (!chunk) return undefined;
  if (chunk.columns.length > 0) session.resultFormats = chunk.columns.map(({ format }) => format);
  return chunk.frames.length === 0 ? undefined : recordedRows(chunk.frames, session.resultFormats);
}
