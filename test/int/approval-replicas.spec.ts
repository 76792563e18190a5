import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approval, ApprovalBook, Follower, toApprovalEnvelope } from '#domain';
import { topics } from '#events';
import { newId, systemClock } from '#kernel';
import { PolicyModule } from '../../services/policy/index.js';
import type { House } from './approval.house.js';
import { ApprovalStage, person } from './approval.stage.js';

const people = ['a', 'b', 'c', 'd'].map((name) => person(name, 'dba', 'platform'));

describe('on the embedded log', () => {
  let stage: ApprovalStage;
  let houses: House[];
  let proxy: { book: ApprovalBook; follower: Follower };

  beforeAll(async () => {
    stage = new ApprovalStage(people, '{ approver: [dba], operator: [platform] }');
    mkdirSync(join(stage.path, 'policies'));
    writeFileSync(join(stage.path, 'policies', 'a.cedar'), 'permit (principal, action, resource);\n');
    houses = [await stage.open(), await stage.open()];
    const book = new ApprovalBook();
    proxy = { book, follower: new Follower(stage.log, topics.approval, book) };
  });
  afterAll(async () => {
    await proxy.follower.stop();
    await stage.close();
  });

  /** As the proxy does it: its own fold has it then. */
  async function ask(quorum: number): Promise<string> {
    const { id } = await stage.approvals.ask({ quorum });
    await proxy.follower.catchUp();
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
          ...{ type: 'Consume', eventId, at: Date.now(), by: stage.agent, binding: Buffer.from('b') },
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
    const first = await stage.open(PolicyModule);
    const connection = { name: 'orders', protocol: 'postgres', host: 'h', database: 'd', user: 'u' };
    expect((await first.call('a', 'POST', '/connections', connection)).status).toBe(201);
    await first.close();
    const [end] = await stage.log.end(topics.policy);
    const second = await stage.open(PolicyModule);
    expect((await second.call('a', 'GET', '/connections/orders')).status).toBe(200);
    expect(await stage.log.end(topics.policy)).toEqual([end]);
    await second.close();
  });
});
