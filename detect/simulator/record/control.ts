import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import {
  ApprovalConsumedSchema,
  ApprovalDecidedSchema,
  ApprovalRequestedSchema,
  newEvent,
  topics,
  type Topic,
} from '#events';
import type { Agent, Call, SimulatedEvent } from '../model.js';
import type { Random } from '../random.js';
import { fullName } from '../world/tables.js';
import { simulatedId } from './ids.js';

/** An event of a control topic. */
export function controlEvent<T extends DescMessage>(
  topic: Topic,
  subject: string,
  at: number,
  schema: T,
  init: MessageInitShape<T>,
  random: Random,
): SimulatedEvent {
  const id = simulatedId('evt', at, random);
  const envelope = newEvent(schema, init, { source: 'gate/1', subject, id, clock: { now: () => at } });
  return { topic, loggedAt: at + 5, envelope };
}

export const person = (name: string) => ({
  ...{ id: `corp:${name}`, issuer: 'corp', subject: name, kind: 'person' },
  groups: ['platform'],
});

export const principalOf = ({ id, name, groups, onBehalfOf }: Agent) => ({
  ...{ id, issuer: 'corp', subject: name, kind: 'agent', groups: [...groups], onBehalfOf },
});

interface Held {
  readonly agent: Agent;
  readonly call: Call;
  readonly sessionId: string;
  readonly statementId: string;
  readonly approvalId: string;
  readonly connection: string;
  readonly random: Random;
}

export function approvalRequested(held: Held, at: number, reason: string): SimulatedEvent {
  const { agent, call, approvalId, sessionId, statementId, connection, random } = held;
  const { query } = call;
  return controlEvent(topics.approval, approvalId, at, ApprovalRequestedSchema, {
    ...{ approvalId, sessionId, statementId, connection, reason, text: query.text, kind: query.kind },
    ...{ requester: principalOf(agent), tables: [fullName(query.table)], approverGroups: ['approvers'] },
    ...{ quorum: 1, mode: 'wait', expiresAtUs: BigInt(at + 3_600_000) * 1000n },
  }, random);
} // prettier-ignore

export function approvalDecided(held: Held, at: number, by: string, approves: boolean): SimulatedEvent {
  const { approvalId, random } = held;
  return controlEvent(topics.approval, approvalId, at, ApprovalDecidedSchema, {
    ...{ approvalId, decision: approves ? 'approve' : 'deny', by: person(by) },
    reason: approves ? `ticket ${random.int(1000, 9999)}` : 'not like this',
  }, random);
} // prettier-ignore

export function approvalConsumed(held: Held, at: number): SimulatedEvent {
  const { approvalId, sessionId, statementId, random } = held;
  const used = { approvalId, sessionId, statementId };
  return controlEvent(topics.approval, approvalId, at, ApprovalConsumedSchema, used, random);
}
