import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  approval,
  newDataKey,
  seal,
  toApprovalEnvelope,
  type ApprovalCommand,
  type RequestApproval,
} from '#domain';
import { encodeEnvelope, topics } from '#events';
import { ManualClock, newId, type Principal } from '#kernel';
import { FileApprovalKeys } from '#platform';
import { ApprovalHousekeeping, ApprovalModule } from '../../services/approval/index.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';
import { MemoryLog } from './approval.memory-log.js';

const minute = 60_000;
const secret = 'zq-exact-7731@example.test';

function person(subject: string, ...groups: readonly string[]): Principal {
  return { id: `corp:${subject}`, issuer: 'corp', subject, kind: 'person', groups: ['approvers', ...groups] };
}
const ana = person('ana', 'dba');
const bo = person('bo', 'dba');
const cy = person('cy', 'dba');
const sal = person('sal', 'sales');
const max: Principal = { ...person('max', 'dba'), groups: ['dba'] };
const reporter: Principal = { ...person('reporter', 'dba'), kind: 'agent', onBehalfOf: 'corp:ana' };

describe('the approval API', () => {
  const folder = specFolder();
  const clock = new ManualClock(Date.UTC(2026, 4, 1));
  let log: MemoryLog;
  let house: House;
  let keys: FileApprovalKeys;

  const start = () =>
    openHouse({
      ...{ module: ApprovalModule, log, clock, people: [ana, bo, cy, sal, max, reporter] },
      config: specConfig(folder.path, 'identity: { roles: { approver: [approvers] } }'),
    });

  beforeEach(async () => {
    log = new MemoryLog(clock);
    house = await start();
    keys = new FileApprovalKeys(house.config.dataDir);
  });
  afterEach(async () => {
    log.release();
    await house.close();
    folder.remove();
  });

  async function append(command: ApprovalCommand, state = approval.initialState()): Promise<void> {
    const events = approval.decide(command, state);
    const envelopes = events.map((event) => toApprovalEnvelope(event, { source: 'proxy/spec', clock }));
    await log.append(topics.approval, envelopes.map(encodeEnvelope));
  }

  /** As the proxy does it: the key first, then the request. */
  async function ask(over: Partial<RequestApproval['request']> = {}): Promise<string> {
    const id = newId('apr', clock.now());
    const key = newDataKey();
    await keys.put(id, key);
    const request: RequestApproval['request'] = {
      ...{ id, sessionId: 'ses_1', statementId: 'stm_1', requester: reporter, connection: 'orders' },
      ...{ binding: Buffer.from('binding'), text: 'delete from c where e = …', tables: ['public.c'] },
      sealed: seal({ text: `delete from c where e = '${secret}'`, parameters: ['7', null] }, key, id),
      ...{ kind: 'delete', reason: 'writes are approved', approverGroups: ['dba'], quorum: 1 },
      ...{ mode: 'wait', expiresAt: clock.now() + 10 * minute, policyIds: ['agents-write'] },
      ...{ classes: ['email'], estimate: { rows: 3, cost: 8.5 } },
      ...{ source: { address: '10.0.0.9:50312', program: 'psql' }, ...over },
    };
    await append({ type: 'RequestApproval', eventId: newId('evt'), at: clock.now(), request });
    return id;
  }

  const decide = (who: string, id: string, decision: string, headers?: object) =>
    house.call(who, 'POST', `/approvals/${id}/decision`, { decision, reason: 'looked at it' }, headers);
  const keyOf = (id: string) => join(house.config.dataDir, 'approval-keys', id);
  const isGone = (id: string) => expect.poll(() => existsSync(keyOf(id))).toBe(false);

  it('lists what the caller may decide, and nobody else’s', async () => {
    const id = await ask();
    const { status, body } = await house.call('bo', 'GET', '/approvals?status=pending');
    expect(status).toBe(200);
    expect(body['approvals']).toEqual([
      {
        ...{ id, status: 'pending', connection: 'orders', kind: 'delete', tables: ['public.c'], quorum: 1 },
        requester: {
          ...{ id: 'corp:reporter', kind: 'agent', subject: 'reporter' },
          ...{ onBehalfOf: 'corp:ana', displayName: null },
        },
        ...{ classes: ['email'], estimate: { rows: 3, cost: 8.5 } },
        source: { address: '10.0.0.9:50312', program: 'psql' },
        ...{ text: 'delete from c where e = …', reason: 'writes are approved', approverGroups: ['dba'] },
        ...{ approvals: [], mode: 'wait', sessionId: 'ses_1', statementId: 'stm_1' },
        ...{ requestedAt: '2026-05-01T00:00:00.000Z', expiresAt: '2026-05-01T00:10:00.000Z' },
      },
    ]);
    for (const who of ['ana', 'sal'])
      expect((await house.call(who, 'GET', '/approvals')).body).toEqual({ approvals: [] });
  });

  it('is closed to callers without the role or a token', async () => {
    const id = await ask();
    expect((await decide('max', id, 'approve')).status).toBe(403);
    expect((await decide('', id, 'approve')).status).toBe(401);
    expect((await house.call('max', 'GET', '/approvals')).status).toBe(403);
    expect((await decide('bo', id, 'approve')).status).toBe(200);
  });

  it('takes a decision and says what it made of the request', async () => {
    const id = await ask();
    const { status, body, headers } = await decide('bo', id, 'approve');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ id, status: 'approved' },
      approvals: [{ by: 'corp:bo', decision: 'approve', reason: 'looked at it' }],
    });
    expect(headers.get('weir-position')).toBe('weir.approval.v1/0/1');
    expect((await house.call('bo', 'GET', '/approvals')).body).toEqual({ approvals: [] });
    const all = await house.call('bo', 'GET', '/approvals?status=all');
    expect(all.body).toMatchObject({ approvals: [{ id, status: 'approved' }] });
  });

  it('finds a request that stands in the log, but was not folded yet', async () => {
    log.hold();
    const id = await ask();
    const answer = house.call('bo', 'GET', `/approvals/${id}`);
    setTimeout(() => log.release(), 30);
    expect((await answer).status).toBe(200);
    expect((await house.call('bo', 'GET', '/approvals/apr_none')).status).toBe(404);
  });

  it.each([
    ['the person the agent acts for', 'ana', 'SELF_APPROVAL', 403],
    ['one of another group', 'sal', 'NOT_ELIGIBLE', 403],
    ['an agent, whatever its groups', 'reporter', 'FORBIDDEN', 403],
  ])('invariant 6: refuses %s', async (_, who, code, expected) => {
    const id = await ask();
    for (const decision of ['approve', 'deny']) {
      const { status, body } = await decide(who, id, decision);
      expect([status, body['code']]).toEqual([expected, code]);
    }
    const seen = await house.call(who, 'GET', `/approvals/${id}`);
    expect([seen.status, JSON.stringify(seen.body).includes('delete')]).toEqual([expected, false]);
    expect(log.events).toHaveLength(1);
    expect((await decide('bo', id, 'approve')).body['status']).toBe('approved');
  });

  it('of two approvers at the same instant one is heard', async () => {
    const id = await ask();
    await house.call('bo', 'GET', `/approvals/${id}`);
    log.hold(); // both are appended before either is folded
    const answers = Promise.all([decide('bo', id, 'approve'), decide('cy', id, 'deny')]);
    await expect.poll(() => log.events.length).toBe(3);
    log.release();
    const [first, second] = (await answers).toSorted((a, b) => a.status - b.status);
    expect([first?.status, second?.status]).toEqual([200, 409]);
    expect(second?.body['code']).toBe('APPROVAL_NOT_PENDING');
    expect(first?.body['approvals']).toHaveLength(1);
  });

  it('one person counts once; two make the quorum', async () => {
    const id = await ask({ quorum: 2 });
    expect((await decide('bo', id, 'approve')).body['status']).toBe('pending');
    const again = await decide('bo', id, 'approve');
    expect([again.status, again.body['code']]).toEqual([409, 'ALREADY_DECIDED']);
    expect((await decide('cy', id, 'approve')).body['status']).toBe('approved');
    const late = await decide('bo', id, 'deny');
    expect([late.status, late.body['code']]).toEqual([409, 'ALREADY_DECIDED']);
  });

  it('the same Idempotency-Key is the same decision', async () => {
    const id = await ask({ quorum: 2 });
    const key = { 'idempotency-key': 'k-1' };
    expect((await decide('bo', id, 'approve', key)).status).toBe(200);
    expect((await decide('bo', id, 'approve', key)).status).toBe(200);
    expect(log.events).toHaveLength(2);
    const other = await decide('bo', id, 'deny', key);
    expect([other.status, other.body['code']]).toEqual([422, 'KEY_REUSED']);
    expect(log.events).toHaveLength(2);
    expect((await decide('cy', id, 'approve', key)).body['status']).toBe('approved');
  });

  it('answers 202 with the event’s id when its own fold is late', { timeout: 15_000 }, async () => {
    const id = await ask();
    await house.call('bo', 'GET', `/approvals/${id}`);
    log.hold();
    const key = { 'idempotency-key': 'k-2' };
    const { status, body, headers } = await decide('bo', id, 'approve', key);
    expect([status, body['status']]).toEqual([202, 'accepted']);
    expect(log.events.at(-1)?.envelope.id).toBe(body['id']);
    log.release();
    const from = { 'weir-position': headers.get('weir-position') };
    const read = await house.call('bo', 'GET', `/approvals/${id}`, undefined, from);
    expect(read.body['status']).toBe('approved');
    expect((await decide('bo', id, 'approve', key)).status).toBe(200);
  });

  it('refuses bad input', async () => {
    const id = await ask();
    expect((await decide('bo', id, 'perhaps')).status).toBe(400);
    expect((await house.call('bo', 'GET', '/approvals?status=mine')).status).toBe(400);
    const path = await house.call('bo', 'GET', `/approvals/${encodeURIComponent('../../weir.yaml')}`);
    expect(path.status).toBe(404);
    const where = { 'weir-position': 'nonsense' };
    expect((await house.call('bo', 'GET', '/approvals', undefined, where)).status).toBe(400);
    expect((await decide('bo', id, 'approve', { 'idempotency-key': 'x'.repeat(201) })).status).toBe(400);
    expect((await decide('bo', id, 'deny')).body['status']).toBe('denied');
  });

  describe('invariant 5: what is sealed', () => {
    it('is shown to who may decide, while it is pending, and nowhere else', async () => {
      const id = await ask({ quorum: 2 });
      const { body } = await house.call('bo', 'GET', `/approvals/${id}`);
      expect(body['exact']).toEqual({
        text: `delete from c where e = '${secret}'`,
        parameters: ['7', null],
      });
      const list = await house.call('bo', 'GET', '/approvals');
      expect(JSON.stringify(list.body)).not.toContain(secret);
      expect(Buffer.concat(log.events.map(({ raw }) => raw)).includes(secret)).toBe(false);
    });

    it.each(['approve', 'deny'])('is destroyed with %s', async (decision) => {
      const id = await ask();
      expect(statSync(keyOf(id)).mode & 0o777).toBe(0o600);
      await decide('bo', id, decision);
      await isGone(id);
      const { body } = await house.call('bo', 'GET', `/approvals/${id}`);
      expect(body).not.toHaveProperty('exact');
    });

    it('is destroyed when the requester goes away', async () => {
      const id = await ask();
      const { body } = await house.call('bo', 'GET', `/approvals/${id}`);
      expect(body).toHaveProperty('exact');
      const withdrawal = { type: 'ApprovalWithdrawn', eventId: newId('evt'), at: clock.now() } as const;
      const envelope = toApprovalEnvelope(
        { ...withdrawal, data: { approvalId: id, reason: 'client gone' } },
        { source: 'proxy/spec', clock },
      );
      await log.append(topics.approval, [encodeEnvelope(envelope)]);
      await isGone(id);
    });

    it('is destroyed at start, if it was decided while nobody watched', async () => {
      const id = await ask();
      const open = await ask();
      const orphan = newId('apr', clock.now() - 60 * minute);
      await keys.put(orphan, newDataKey());
      const underway = newId('apr', clock.now());
      await keys.put(underway, newDataKey());
      const copy = await keys.get(id);
      await decide('bo', id, 'deny');
      await isGone(id);
      await house.close();
      await keys.put(id, copy as Buffer);
      house = await start();
      await isGone(id);
      await isGone(orphan);
      expect([existsSync(keyOf(open)), existsSync(keyOf(underway))]).toEqual([true, true]);
    });
  });

  describe('expiry', () => {
    it('is said in the log once its time is over, and destroys the key', async () => {
      const id = await ask();
      const housekeeping = house.app.get(ApprovalHousekeeping, { strict: false });
      clock.advance(10 * minute - 1);
      await housekeeping.tick();
      expect(log.events).toHaveLength(1);
      clock.advance(1);
      await housekeeping.tick();
      const { body } = await house.call('bo', 'GET', `/approvals/${id}`);
      expect(body['status']).toBe('expired');
      await isGone(id);
      const late = await decide('bo', id, 'approve');
      expect([late.status, late.body['code']]).toEqual([409, 'APPROVAL_EXPIRED']);
    });

    it('holds before anybody says it', async () => {
      const id = await ask({ expiresAt: clock.now() + minute });
      await house.call('bo', 'GET', `/approvals/${id}`);
      clock.advance(minute);
      expect((await decide('bo', id, 'approve')).body['code']).toBe('APPROVAL_EXPIRED');
    });
  });

  it('is documented with its schemas', async () => {
    const { body } = await house.call('', 'GET', '/openapi.json');
    const text = JSON.stringify((body['paths'] as Record<string, unknown>)['/api/approvals/{id}/decision']);
    for (const word of ['idempotency-key', '"enum":["approve","deny"]', 'approverGroups', '"202"'])
      expect(text.toLowerCase()).toContain(word.toLowerCase());
  });

  it('knows after a restart what it knew before', async () => {
    const id = await ask({ quorum: 2 });
    await decide('bo', id, 'approve');
    await house.close();
    house = await start();
    const { body } = await house.call('cy', 'GET', `/approvals/${id}`);
    expect(body).toMatchObject({ status: 'pending', approvals: [{ by: 'corp:bo' }] });
  });
});
