import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedLog, type EventLog } from '#event-log';
import type { Clock, Principal } from '#kernel';
import { NotifyModule } from '../../services/notify/index.js';
import { Notifier } from '../../services/notify/notifier.js';
import { Approvals, person } from './approval.stage.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';

export const secret = `whsec_${randomBytes(32).toString('base64')}`;
export const secretName = 'WEIR_SPEC_WEBHOOK';

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
    this.approvals = new Approvals(this.log, clock, {
      ...{ requester: agent, sealed: Buffer.from(canary), tables: ['public.orders'], classes: ['email'] },
      ...{ text: `delete from orders where note = '${canary}'`, reason: 'writes are approved' },
      source: { address: '127.0.0.1:5000', program: 'psql' },
    });
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
