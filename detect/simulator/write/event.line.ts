import { fromBinary, toJson, type DescMessage, type JsonObject } from '@bufbuild/protobuf';
import {
  ApprovalConsumedSchema,
  ApprovalDecidedSchema,
  ApprovalRequestedSchema,
  ConnectionRegisteredSchema,
  HoldResolvedSchema,
  MaskingPublishedSchema,
  PoliciesPublishedSchema,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
} from '#events';
import type { SimulatedEvent } from '../model.js';

const schemas: ReadonlyMap<string, DescMessage> = new Map(
  [
    ApprovalConsumedSchema,
    ApprovalDecidedSchema,
    ApprovalRequestedSchema,
    ConnectionRegisteredSchema,
    HoldResolvedSchema,
    MaskingPublishedSchema,
    PoliciesPublishedSchema,
    SessionEndedSchema,
    SessionStartedSchema,
    StatementOutcomeSchema,
    StatementReceivedSchema,
  ].map((schema) => [schema.typeName, schema]),
);

/** One event as a line of events.ndjson, without its line feed: docs/ingest-format.md. */
export function eventLine({ topic, loggedAt, envelope }: SimulatedEvent): string {
  const { id, type, source, subject, timeUs, link, data } = envelope;
  const schema = schemas.get(type);
  if (!schema) throw new TypeError(`the simulator makes no ${type}`);
  return JSON.stringify({
    ...{ topic, loggedAt: new Date(loggedAt).toISOString() },
    ...{ id, type, source, subject, time: timeText(timeUs) },
    ...(link && { seq: Number(link.seq) }),
    data: toJson(schema, fromBinary(schema, data)) as JsonObject,
  });
}

/** RFC 3339, UTC, with microseconds. */
function timeText(us: bigint): string {
  const text = new Date(Number(us / 1000n)).toISOString();
  return `${text.slice(0, -1)}${String(us % 1000n).padStart(3, '0')}Z`;
}
