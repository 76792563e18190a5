import { fromBinary, toJson, type DescMessage, type JsonObject, type MessageShape } from '@bufbuild/protobuf';
import type { ControlEventRow, RowParts } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import {
  ApprovalConsumedSchema,
  ApprovalDecidedSchema,
  ApprovalDecisionVoidedSchema,
  ApprovalExpiredSchema,
  ApprovalRequestedSchema,
  ApprovalWithdrawnSchema,
  ConnectionRegisteredSchema,
  ConnectionRemovedSchema,
  ConnectionSampledSchema,
  EndSessionSchema,
  FindingRaisedSchema,
  FindingTriagedSchema,
  MaskingPublishedSchema,
  PageSessionEndedSchema,
  PageSessionRefreshedSchema,
  PageSessionStartedSchema,
  PoliciesPublishedSchema,
  QuarantineLiftedSchema,
  QuarantineSetSchema,
  SignInRefusedSchema,
  type WirePrincipal,
} from '#events';
import { eventSchema } from './event.schemas.js';
import { timeOfMicroseconds } from './event.times.js';
import { loggedRow } from './logged.row.js';

type OwnColumns = Partial<ControlEventRow>;

interface ControlEventType {
  readonly schema: DescMessage;
  columns(message: unknown): OwnColumns;
}

const types: readonly ControlEventType[] = [
  type(SignInRefusedSchema, ({ code, reason }) => ({ decision: code, reason })),
  type(PageSessionStartedSchema, ({ principal }) => who(principal)),
  type(PageSessionRefreshedSchema, ({ principal }) => who(principal)),
  type(PageSessionEndedSchema, ({ reason }) => ({ reason })),
  type(ConnectionRegisteredSchema, ({ connection, by, changeReference }) => ({
    ...who(by),
    connection: connection?.name ?? '',
    reason: changeReference,
  })),
  type(ConnectionRemovedSchema, ({ name, by, changeReference }) => ({
    ...who(by),
    connection: name,
    reason: changeReference,
  })),
  type(ConnectionSampledSchema, ({ connection, by }) => ({ ...who(by), connection })),
  type(PoliciesPublishedSchema, ({ by, changeReference }) => ({ ...who(by), reason: changeReference })),
  type(MaskingPublishedSchema, ({ by, changeReference }) => ({ ...who(by), reason: changeReference })),
  type(ApprovalRequestedSchema, (requested) => ({
    ...who(requested.requester),
    connection: requested.connection,
    session_id: requested.sessionId,
    statement_id: requested.statementId,
    approval_id: requested.approvalId,
    reason: requested.reason,
  })),
  type(ApprovalDecidedSchema, ({ approvalId, decision, by, reason }) => ({
    ...who(by),
    approval_id: approvalId,
    decision,
    reason,
  })),
  type(ApprovalDecisionVoidedSchema, ({ approvalId, by, reason }) => ({
    approval_id: approvalId,
    identity: by,
    reason,
  })),
  type(ApprovalExpiredSchema, ({ approvalId }) => ({ approval_id: approvalId })),
  type(ApprovalConsumedSchema, ({ approvalId, sessionId, statementId }) => ({
    approval_id: approvalId,
    session_id: sessionId,
    statement_id: statementId,
  })),
  type(ApprovalWithdrawnSchema, ({ approvalId, reason }) => ({ approval_id: approvalId, reason })),
  type(FindingRaisedSchema, ({ identity, connection, severity, evidence }) => ({
    ...{ identity, connection },
    decision: severity,
    reason: evidence,
  })),
  type(FindingTriagedSchema, ({ by, state, reason }) => ({ ...who(by), decision: state, reason })),
  type(QuarantineSetSchema, ({ by, level, reason }) => ({ ...who(by), decision: level, reason })),
  type(QuarantineLiftedSchema, ({ by, reason }) => ({ ...who(by), reason })),
  type(EndSessionSchema, ({ sessionId, reason, by }) => ({ ...who(by), session_id: sessionId, reason })),
];

const typesByName = new Map(types.map((each) => [each.schema.typeName, each]));

/** The row of an event of any topic but the sessions'. Throws for a payload that can't be read. */
export function controlEventRow(event: LoggedEvent): RowParts {
  const { envelope } = event;
  const schema = eventSchema(envelope.type);
  const message = fromBinary(schema, envelope.data);
  const json = toJson(schema, message) as JsonObject;
  delete json['sealed']; // for the eligible approvers alone, and only until they decided
  const place: Place = {
    source: envelope.source,
    subject: envelope.subject,
    time: timeOfMicroseconds(envelope.timeUs),
    payload: JSON.stringify(json),
  };
  return [loggedRow(event), place, typesByName.get(envelope.type)?.columns(message) ?? {}];
}

type Place = Pick<ControlEventRow, 'source' | 'subject' | 'time' | 'payload'>;

function type<T extends DescMessage>(
  schema: T,
  columns: (message: MessageShape<T>) => OwnColumns,
): ControlEventType {
  return { schema, columns: (message) => columns(message as MessageShape<T>) };
}

function who(principal: WirePrincipal | undefined): OwnColumns {
  return principal ? { identity: principal.id, identity_kind: principal.kind } : {};
}
