import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toWirePrincipal } from '#domain';
import { encodeEnvelope, newEvent, PageSessionStartedSchema, topics } from '#events';
import { newId, systemClock as clock, type Principal } from '#kernel';
import { ApprovalHousekeeping } from '../../services/approval/index.js';
import { ApprovalStage, person } from './approval.stage.js';
import type { House } from './approval.house.js';

const [bo, cy, dan, sal] = [
  person('bo', 'approvers', 'dba'),
  person('cy', 'approvers', 'dba'),
  person('dan', 'approvers', 'dba'),
  person('sal', 'approvers', 'sales'),
];

describe('who lost the role meanwhile', () => {
  let stage: ApprovalStage;
  let houses: readonly [House, House];
  beforeEach(async () => {
    stage = new ApprovalStage([bo, cy, dan, sal], '{ approver: [approvers] }');
    houses = [await stage.open(), await stage.open()];
  });
  afterEach(() => stage.close());

  const ask = async (quorum = 2) => (await stage.approvals.ask({ quorum })).id;

  /** As a page's sign-in tells it. */
  const now = (who: Principal, ...groups: readonly string[]) => says(who, 'approvers', ...groups);

  async function says(who: Principal, ...groups: readonly string[]): Promise<void> {
    const init = {
      pageSessionId: newId('pgs'),
      secretHash: randomBytes(32),
      principal: toWirePrincipal({ ...who, groups: [...groups] }),
      ...{ provider: 'corp', kind: 'oidc', idleUs: 600_000_000n },
      endsAtUs: BigInt(clock.now() + 600_000) * 1000n,
    };
    const event = newEvent(PageSessionStartedSchema, init, { source: 'spec', subject: who.id, clock });
    await stage.log.append(topics.identity, [encodeEnvelope(event)]);
  }

  const approve = (who: Principal, id: string, house = houses[0], headers = {}) =>
    house.call(
      who.subject,
      'POST',
      `/approvals/${id}/decision`,
      { decision: 'approve', reason: '' },
      headers,
    );
  const standing = async (id: string) => {
    const bodies = await Promise.all(
      houses.map((house) => house.call('dan', 'GET', `/approvals/${id}`).then(({ body }) => body)),
    );
    return bodies.map(({ status, approvals }) => [
      status,
      (approvals as { by: string }[]).map(({ by }) => by),
    ]);
  };

  it('a yes counts no longer, though the next comes at once, at another replica', async () => {
    const id = await ask();
    expect((await approve(bo, id)).body['status']).toBe('pending');
    await now(bo, 'sales');
    expect((await approve(cy, id, houses[1])).body['status']).toBe('pending');
    await expect
      .poll(() => standing(id))
      .toEqual([
        ['pending', [cy.id]],
        ['pending', [cy.id]],
      ]);
    await approve(dan, id);
    await expect.poll(() => standing(id)).toEqual(houses.map(() => ['approved', [cy.id, dan.id]]));
  });

  it('a yes of one who is no approver any more counts no longer, in whatever group they are', async () => {
    const id = await ask();
    await approve(bo, id);
    await says(bo, 'dba');
    expect((await approve(cy, id, houses[1])).body['status']).toBe('pending');
    await expect
      .poll(() => standing(id))
      .toEqual([
        ['pending', [cy.id]],
        ['pending', [cy.id]],
      ]);
    expect((await approve(bo, id)).status).toBe(403);
    await says(bo, 'dba', 'approvers');
    expect((await approve(bo, id)).body['status']).toBe('approved');
  });

  it('the housekeeping of every replica says so, and it counts once', async () => {
    const id = await ask();
    await approve(bo, id);
    await now(bo);
    await Promise.all(houses.map(({ app }) => app.get(ApprovalHousekeeping, { strict: false }).tick()));
    await expect
      .poll(() => standing(id))
      .toEqual([
        ['pending', []],
        ['pending', []],
      ]);
    await now(bo, 'dba');
    expect((await approve(bo, id)).status).toBe(200);
    await Promise.all(houses.map(({ app }) => app.get(ApprovalHousekeeping, { strict: false }).tick()));
    await expect
      .poll(() => standing(id))
      .toEqual([
        ['pending', [bo.id]],
        ['pending', [bo.id]],
      ]);
  });

  it('a yes said again under its Idempotency-Key is no new one, and is answered as the first was', async () => {
    const id = await ask();
    const key = { 'idempotency-key': 'k-1' };
    expect((await approve(bo, id, houses[0], key)).status).toBe(200);
    await now(bo);
    await houses[0].app.get(ApprovalHousekeeping, { strict: false }).tick();
    expect((await approve(bo, id, houses[0], key)).status).toBe(403); // what it stands at is no longer theirs to see
    await now(bo, 'dba');
    const before = await stage.log.end(topics.approval);
    for (const house of houses) {
      await expect.poll(() => standing(id)).toEqual(houses.map(() => ['pending', []]));
      const { status, body } = await approve(bo, id, house, key);
      expect([status, body['status'], body['approvals']]).toEqual([200, 'pending', []]);
    }
    expect(await stage.log.end(topics.approval)).toEqual(before);
    const opposite = { decision: 'deny', reason: '' };
    const refused = await houses[0].call('bo', 'POST', `/approvals/${id}/decision`, opposite, key);
    expect([refused.status, refused.body['code']]).toEqual([422, 'KEY_REUSED']);
    await approve(bo, id, houses[0], { 'idempotency-key': 'k-2' });
    expect((await approve(cy, id)).body['status']).toBe('approved');
  });

  it('whose newest groups lack it sees and decides nothing, whatever the token says', async () => {
    const id = await ask(1);
    expect((await houses[0].call('bo', 'GET', '/approvals')).body['approvals']).toHaveLength(1);
    await now(bo, 'sales');
    const { status, body } = await approve(bo, id);
    expect([status, body['code'], body['detail']]).toEqual([
      403,
      'NOT_ELIGIBLE',
      'at your last sign-in you were no member of dba',
    ]);
    expect((await houses[0].call('bo', 'GET', '/approvals')).body).toEqual({ approvals: [] });
    expect((await houses[0].call('bo', 'GET', `/approvals/${id}`)).status).toBe(403);
    expect((await approve(cy, id)).body['status']).toBe('approved');
  });

  it('nor does a page session give what the token does not say', async () => {
    const id = await ask(1);
    await now(sal, 'dba');
    expect((await approve(sal, id)).status).toBe(403);
  });

  describe('the stream', () => {
    const listen = async (who: string, house = houses[0]) => {
      const abort = new AbortController();
      const answer = await fetch(`${await house.app.getUrl()}/api/approvals/stream`, {
        headers: { authorization: `Bearer ${who}` },
        signal: abort.signal,
      });
      let text = '';
      const read = async () => {
        for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString();
        return 'ended';
      };
      return { answer, said: () => text, ended: read().catch(() => 'broken'), leave: () => abort.abort() };
    };
    const events = (text: string) =>
      [...text.matchAll(/^event: approval\ndata: (.*)$/gm)].map(
        ([, data]) => JSON.parse(data!) as { id: string; status: string },
      );

    it('tells who may decide, and nobody else, of each change', async () => {
      const [his, hers] = [await listen('bo', houses[1]), await listen('sal', houses[1])];
      expect(his.answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(his.answer.headers.get('cache-control')).toBe('no-store');
      const id = await ask(1);
      await expect.poll(() => events(his.said())).toMatchObject([{ id, status: 'pending' }]);
      await approve(cy, id);
      await expect.poll(() => events(his.said()).at(-1)).toMatchObject({ id, status: 'approved' });
      await now(bo);
      await ask(1);
      await ask(1);
      await expect
        .poll(() =>
          houses[1].call('cy', 'GET', '/approvals').then(({ body }) => (body['approvals'] as []).length),
        )
        .toBe(2);
      expect(events(his.said())).toHaveLength(2);
      expect(events(hers.said())).toEqual([]);
      for (const each of [his, hers]) each.leave();
    });

    it('is for approvers with a token, eight times each, and ends with the service', async () => {
      expect((await houses[0].call('', 'GET', '/approvals/stream')).status).toBe(401);
      const eight = await Promise.all(Array.from({ length: 8 }, () => listen('bo')));
      expect(eight.map(({ answer }) => answer.status)).toEqual(eight.map(() => 200));
      expect((await houses[0].call('bo', 'GET', '/approvals/stream')).status).toBe(429);
      const other = await listen('cy');
      expect(other.answer.status).toBe(200);
      eight[0]!.leave();
      await expect
        .poll(async () => {
          const again = await listen('bo');
          again.leave();
          return again.answer.status;
        })
        .toBe(200);
      await houses[0].close();
      expect(await other.ended).toBe('ended');
      houses = [await stage.open(), houses[1]];
    });
  });
});
