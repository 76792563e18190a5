import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approval, ApprovalBook, Follower, toApprovalEnvelope, type RequestApproval } from '#domain';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { topics } from '#events';
import { newId, systemClock, type Principal } from '#kernel';
import { ApprovalModule } from '../../services/approval/index.js';
import { PolicyModule } from '../../services/policy/index.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';

const person = (subject: string, ...groups: readonly string[]): Principal => ({
  ...{ id: `corp:${subject}`, issuer: 'corp', subject, kind: 'person', groups },
});
const people = ['a', 'b', 'c', 'd'].map((name) => person(name, 'dba', 'platform'));
const agent: Principal = { ...person('bot'), kind: 'agent' };

describe('on the embedded log', () => {
  const folder = specFolder();
  let log: EventLog;
  let houses: House[];
  let proxy: { book: ApprovalBook; follower: Follower };
  const config = () =>
    specConfig(folder.path, 'identity: { roles: { approver: [dba], operator: [platform] } }');
  const open = (module: typeof ApprovalModule | typeof PolicyModule) =>
    openHouse({ module, log, clock: systemClock, people, config: config() });

  beforeAll(async () => {
    mkdirSync(join(folder.path, 'policies'));
    writeFileSync(join(folder.path, 'policies', 'a.cedar'), 'permit (principal, action, resource);\n');
    log = openEmbeddedLog({ path: join(folder.path, 'log') });
    houses = [await open(ApprovalModule), await open(ApprovalModule)];
    const book = new ApprovalBook();
    proxy = { book, follower: new Follower(log, topics.approval, book) };
  });
  afterAll(async () => {
    await proxy.follower.stop();
    for (const house of houses) await house.close();
    await log.close();
    folder.remove();
  });

  async function ask(quorum: number): Promise<string> {
    const id = newId('apr');
    const at = Date.now();
    const request: RequestApproval['request'] = {
      ...{ id, sessionId: 'ses_1', statementId: 'stm_1', requester: agent, connection: 'orders', quorum },
      ...{
        binding: Buffer.from('b'),
        sealed: Buffer.of(),
        text: '…',
        tables: [],
        kind: 'delete',
        reason: '',
      },
      ...{ approverGroups: ['dba'], mode: 'wait', expiresAt: at + 60_000, policyIds: [] },
      ...{ classes: [], source: { address: '', program: '' } },
    };
    const command = { type: 'RequestApproval', eventId: newId('evt'), at, request } as const;
    const [event] = approval.decide(command, approval.initialState());
    const origin = { source: 'proxy/spec', clock: systemClock };
    await proxy.follower.append(toApprovalEnvelope(event as never, origin));
    return id;
  }

  it('two replicas and the proxy agree, whoever decides where at the same instant', async () => {
    for (let round = 0; round < 15; round++) {
      const id = await ask(1 + (round % 2));
      const answers = await Promise.all(
        people.map(({ subject }, i) =>
          (houses[i % 2] as House).call(subject, 'POST', `/approvals/${id}/decision`, {
            decision: (i + round) % 4 === 0 ? 'deny' : 'approve',
          }),
        ),
      );
      expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
      await proxy.follower.catchUp();
      const { status, decisions } = proxy.book.get(id) ?? {};
      const heard = answers.filter((answer) => answer.status === 200).length;
      expect([status === 'approved' || status === 'denied', decisions?.length]).toEqual([true, heard]);
      for (const house of houses) {
        const seen = await house.call('a', 'GET', `/approvals/${id}`);
        expect(seen.body['status']).toBe(status);
        expect(seen.body['approvals']).toMatchObject(decisions?.map(({ by }) => ({ by: by.id })) ?? []);
      }
    }
  });

  it('the proxy hears of a decision and uses it once', async () => {
    const id = await ask(1);
    const heard = new Promise<string>((resolve) => proxy.book.onChange(id, ({ status }) => resolve(status)));
    await (houses[1] as House).call('b', 'POST', `/approvals/${id}/decision`, { decision: 'approve' });
    expect(await heard).toBe('approved');
    const uses = ['stm_2', 'stm_3'].map(async (statementId) => {
      const found = proxy.book.get(id) ?? approval.initialState();
      const eventId = newId('evt');
      const [event] = approval.decide(
        {
          ...{ type: 'Consume', eventId, at: Date.now(), by: agent, binding: Buffer.from('b') },
          ...{ sessionId: 'ses_1', statementId },
        },
        found,
      );
      await proxy.follower.append(
        toApprovalEnvelope(event as never, { source: 'proxy/spec', clock: systemClock }),
      );
      return proxy.book.get(id)?.consumption?.eventId === eventId;
    });
    expect((await Promise.all(uses)).toSorted()).toEqual([false, true]);
  });

  it('the policy service finds what it published before', async () => {
    const first = await open(PolicyModule);
    const connection = { name: 'orders', protocol: 'postgres', host: 'h', database: 'd', user: 'u' };
    expect((await first.call('a', 'POST', '/connections', connection)).status).toBe(201);
    await first.close();
    const [end] = await log.end(topics.policy);
    const second = await open(PolicyModule);
    expect((await second.call('a', 'GET', '/connections/orders')).status).toBe(200);
    expect(await log.end(topics.policy)).toEqual([end]);
    await second.close();
  });
});
