import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  approval,
  toApprovalEnvelope,
  type ApprovalCommand,
  type Approval,
  type RequestApproval,
} from '#domain';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { encodeEnvelope, topics } from '#events';
import { newId, type Clock, type Principal } from '#kernel';
import { NotifyModule } from '../../services/notify/index.js';
import { Notifier } from '../../services/notify/notifier.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';

export const secret = `whsec_${randomBytes(32).toString('base64')}`;
export const secretName = 'WEIR_SPEC_WEBHOOK';

export function person(subject: string, ...groups: readonly string[]): Principal {
  return { id: `corp:${subject}`, issuer: 'corp', subject, kind: 'person', groups };
}

export const agent: Principal = { ...person('bot'), kind: 'agent', onBehalfOf: 'corp:ana' };
export const operator = person('olga', 'platform');
export const approvers = [person('bo', 'dba'), person('cy', 'dba')] as const;
/** Stands in the statement and nowhere else. */
export const canary = 'canary-c0ffee';

/** A log, and gates with webhooks on it that come and go. */
export class Stage {
  readonly #folder = specFolder();
  readonly #houses = new Set<House>();
  readonly log: EventLog;
  readonly approvals: Approvals;
  #opened = 0;

  constructor(readonly clock: Clock) {
    process.env[secretName] = secret;
    mkdirSync(this.logPath, { recursive: true });
    this.log = openEmbeddedLog({ path: this.logPath, clock });
    this.approvals = new Approvals(this.log, clock);
  }

  get path(): string {
    return this.#folder.path;
  }

  get logPath(): string {
    return join(this.#folder.path, 'log');
  }

  /** `webhooks`: items of the list, as YAML. */
  open(...webhooks: readonly string[]): Promise<House & { tick(): void }> {
    return this.openBy(this.clock, ...webhooks);
  }

  /** A gate whose own clock is another than the log's. */
  async openBy(clock: Clock, ...webhooks: readonly string[]): Promise<House & { tick(): void }> {
    const house = await openHouse({
      ...{ module: NotifyModule, log: this.log, clock, people: [operator, ...approvers] },
      instance: `gate-${this.#opened++}`,
      config: specConfig(this.path, configText(webhooks)),
    });
    this.#houses.add(house);
    const close = async () => {
      if (this.#houses.delete(house)) await house.close();
    };
    return { ...house, close, tick: () => house.app.get(Notifier, { strict: false }).tick() };
  }

  async close(): Promise<void> {
    for (const house of this.#houses) await house.close();
    await this.log.close();
    this.#folder.remove();
  }
}

export function configText(webhooks: readonly string[]): string {
  return `publicUrl: https://weir.example
identity: { roles: { operator: [platform], approver: [dba] } }
webhooks:
${webhooks.map((each) => `  - { ${each} }\n`).join('')}`;
}

/** An item of `webhooks` for a receiver on this machine. */
export function webhook(name: string, url: string, more = ''): string {
  return `name: ${name}, url: '${url}', secret: env:${secretName}, allowPrivate: [127.0.0.1]${more && `, ${more}`}`;
}

/** Long enough for what should not happen to have happened. */
export const quiet = () => sleep(400);

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
      ...{ expiresAt: this.clock.now() + 600_000, policyIds: [], classes: ['email'] },
      source: { address: '127.0.0.1:5000', program: 'psql' },
      ...over,
    };
    const eventId = await this.#say(id, { ...this.#meta(), type: 'RequestApproval', request });
    return { id, eventId };
  }

  approve(id: string, by: Principal = approvers[0], reason = 'seen'): Promise<string> {
    return this.#say(id, { ...this.#meta(), type: 'Approve', by, reason });
  }

  deny(id: string, reason: string): Promise<string> {
    return this.#say(id, { ...this.#meta(), type: 'Deny', by: approvers[0], reason });
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
