import { fromBinary, isMessage, toJson, type JsonObject, type Message } from '@bufbuild/protobuf';
import type { LoggedRow, SessionEventRow } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import {
  ResultChunkSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  type Link,
  type ResultChunk,
  type SessionStarted,
} from '#events';
import { timeOfMicroseconds } from './event.times.js';
import { loggedRow } from './logged.row.js';
import { recordedRows } from './result.rows.js';
import type { SessionColumns, SessionEntry } from './session.book.js';
import { sessionEventType, type OwnColumns } from './session-event.columns.js';

/**
 * The row of a session event, and the session's entry brought up to it. The row follows from the session's
 * events up to this one and from nothing else, so it can be derived again. Throws for a payload that can't
 * be read: the reason is the error's message.
 */
export function sessionEventRow(event: LoggedEvent, link: Link, session: SessionEntry): SessionEventParts {
  const { envelope } = event;
  const eventType = sessionEventType(envelope.type);
  const message = fromBinary(eventType.schema, envelope.data);
  const time = timeOfMicroseconds(envelope.timeUs);
  const own = eventType.columns(message);
  if (isMessage(message, SessionStartedSchema)) session.who = whoOf(message);
  const payload = JSON.stringify(payloadOf(message, eventType.schema, session));
  session.highWater = link.seq;
  const place = {
    source: envelope.source,
    time,
    session_id: envelope.subject,
    seq: String(link.seq),
    hash: Buffer.from(link.hash).toString('hex'),
  };
  return [loggedRow(event), place, session.who, own, { payload }];
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
  if (!chunk) return undefined;
  if (chunk.columns.length > 0) session.resultFormats = chunk.columns.map(({ format }) => format);
  if (chunk.frames.length === 0) return undefined;
  const rows = recordedRows(chunk.frames, session.resultFormats);
  if (!rows) return undefined;
  chunk.frames = new Uint8Array();
  return rows as unknown as JsonObject[];
}
