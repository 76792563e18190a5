import { randomBytes } from 'node:crypto';
import {
  approval,
  toApprovalEnvelope,
  type ApprovalCommand,
  type Approval,
  type RequestApproval,
} from '#domain';
import type { EventLog } from '#event-log';
import { encodeEnvelope, topics } from '#events';
import { newId, type Clock, type Principal } from '#kernel';

export const secret = `whsec_${randomBytes(32).toString('base64')}`;

export function person(subject: string, ...groups: readonly string[]): Principal {
  return { id: `corp:${subject}`, issuer: 'corp', subject, kind: 'person', groups };
}

export const agent: Principal = { ...person('bot'), kind: 'agent', onBehalfOf: 'corp:ana' };
export const operator = person('olga', 'platform');
export const approver = person('bo', 'dba');
export const canary = 'canary-c0ffee';

/** What happens to requests, as a proxy and people would say it in the log. */
export class Approvals {
  readonly #known = new Map<string, Approval>();

  constructor(
    private readonly log: EventLog,
    private readonly clock: Clock,
  ) {}

  async ask(over: Partial<RequestApproval['request']> = {}): Promise<{ id: string; eventId: string }> {
    const id = newId('apr', this.clock.now());
    const request: RequestApproval['request'] = {
      ...{ id, sessionId: 'ses_1', statementId: 'stm_1', requester: agent, connection: 'orders', quorum: 1 },
      ...{
        binding: Buffer.from('b'),
        sealed: Buffer.from(canary),
        tables: ['public.orders'],
        kind: 'delete',
      },
      text: `delete from orders where note = '${canary}'`,
      ...{ reason: 'writes are approved', approverGroups: ['dba'], mode: 'wait' },
      ...{ expiresAt: this.clock.now() + 600_000, policyIds: [] },
      ...over,
    };
    const eventId = await this.#say(id, { ...this.#meta(), type: 'RequestApproval', request });
    return { id, eventId };
  }

  approve(id: string, reason = 'seen'): Promise<string> {
    return this.#say(id, { ...this.#meta(), type: 'Approve', by: approver, reason });
  }

  deny(id: string, reason: string): Promise<string> {
    return this.#say(id, { ...this.#meta(), type: 'Deny', by: approver, reason });
  }

  expire(id: string): Promise<string> {
    return this.#say(id, { ...this.#meta(), type: 'Expire' });
  }

  #meta(): { eventId: string; at: number } {
    return { eventId: newId('evt', this.clock.now()), at: this.clock.now() };
  }

  async #say(id: string, command: ApprovalCommand): Promise<string> {
    const before = this.#known.get(id) ?? approval.initialState();
    const [event] = approval.decide(command, before);
    if (!event) throw new Error('nothing happened');
    this.#known.set(id, approval.evolve(before, event));
    const envelope = toApprovalEnvelope(event, { source: 'spec', clock: this.clock });
    await this.log.append(topics.approval, [encodeEnvelope(envelope)]);
    return event.eventId;
  }
}
