import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import {
  approval,
  toApprovalEnvelope,
  type Approval,
  type ApprovalCommand,
  type RequestApproval,
} from '#domain';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { encodeEnvelope, topics } from '#events';
import { newId, systemClock, type Clock, type Principal } from '#kernel';
import { ApprovalModule } from '../../services/approval/index.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';

type Request = RequestApproval['request'];

export function person(subject: string, ...groups: readonly string[]): Principal {
  return { id: `corp:${subject}`, issuer: 'corp', subject, kind: 'person', groups };
}

/** Approval services as replicas: several on one log, by the real clock. */
export class ApprovalStage {
  /** Who asks. */
  readonly agent: Principal = { ...person('bot'), kind: 'agent' };
  readonly log: EventLog;
  readonly approvals: Approvals;
  readonly #folder = specFolder();
  readonly #houses = new Set<House>();

  /** `roles`: as `identity.roles` has them. */
  constructor(
    private readonly people: readonly Principal[],
    private readonly roles: string,
  ) {
    mkdirSync(join(this.path, 'log'));
    this.log = openEmbeddedLog({ path: join(this.path, 'log') });
    this.approvals = new Approvals(this.log, systemClock, { requester: this.agent });
  }

  get path(): string {
    return this.#folder.path;
  }

  async open(module: Type = ApprovalModule): Promise<House> {
    const { log, people } = this;
    const config = specConfig(this.path, `identity: { roles: ${this.roles} }`);
    const house = await openHouse({ module, log, clock: systemClock, people, config });
    this.#houses.add(house);
    const close = async () => {
      if (this.#houses.delete(house)) await house.close();
    };
    return { ...house, close };
  }

  async close(): Promise<void> {
    for (const house of this.#houses) await house.close();
    await this.log.close();
    this.#folder.remove();
  }
}

/** What happens to requests, as a proxy and people would say it in the log. */
export class Approvals {
  readonly #known = new Map<string, Approval>();

  /** `all`: of every request, unless it is asked otherwise. */
  constructor(
    private readonly log: EventLog,
    private readonly clock: Clock,
    private readonly all: Partial<Request> & Pick<Request, 'requester'>,
  ) {}

  async ask(over: Partial<Request> = {}): Promise<{ id: string; eventId: string }> {
    const id = newId('apr', this.clock.now());
    const request: Request = {
      ...{ id, sessionId: 'ses_1', statementId: 'stm_1', connection: 'orders', quorum: 1 },
      ...{ binding: Buffer.from('b'), sealed: Buffer.of(), text: '…', tables: [], kind: 'delete' },
      ...{ reason: '', approverGroups: ['dba'], mode: 'wait', policyIds: [], classes: [] },
      ...{ expiresAt: this.clock.now() + 600_000, source: { address: '', program: '' } },
      ...this.all,
      ...over,
    };
    const eventId = await this.#say(id, { ...this.#meta(), type: 'RequestApproval', request });
    return { id, eventId };
  }

  approve(id: string, by: Principal, reason = 'seen'): Promise<string> {
    return this.#say(id, { ...this.#meta(), type: 'Approve', by, reason });
  }

  deny(id: string, by: Principal, reason: string): Promise<string> {
    return this.#say(id, { ...this.#meta(), type: 'Deny', by, reason });
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
    const envelope = toApprovalEnvelope(event, { source: 'proxy/spec', clock: this.clock });
    await this.log.append(topics.approval, [encodeEnvelope(envelope)]);
    return event.eventId;
  }
}
