import { describe, expect, it } from 'vitest';
import { toWirePrincipal } from '#domain';
import {
  ApprovalDecidedSchema,
  ApprovalRequestedSchema,
  encodeEnvelope,
  newEvent,
  topics,
  type Envelope,
} from '#events';
import type { LoggedEvent } from '#event-log';
import { ManualClock, type Principal } from '#kernel';
import { ApprovalNotices } from './approval.notices.js';

const canary = 'canary-c0ffee';
const bo: Principal = { id: 'corp:bo', issuer: 'corp', subject: 'bo', kind: 'person', groups: ['dba'] };
const bot: Principal = { ...bo, id: 'corp:bot', subject: 'bot', kind: 'agent' };

describe('notices of approvals', () => {
  const clock = new ManualClock();
  const origin = { source: 'spec', subject: 'apr_1', clock };
  let offset = 0;
  const logged = (envelope: Envelope): LoggedEvent => {
    const position = { topic: topics.approval, partition: 0, offset: offset++ };
    return { position, appendedAt: clock.now(), envelope, raw: encodeEnvelope(envelope) };
  };
  const requested = (tables: string[], reason = 'writes are approved') =>
    newEvent(
      ApprovalRequestedSchema,
      {
        ...{
          approvalId: 'apr_1',
          requester: toWirePrincipal(bot),
          connection: 'orders',
          kind: 'update',
          tables,
        },
        ...{ text: canary, sealed: Buffer.from(canary), reason, approverGroups: ['dba'], quorum: 1 },
        ...{ expiresAtUs: BigInt(clock.now() + 60_000) * 1000n, classes: ['email', 'card'] },
        ...{ sourceAddress: canary, clientProgram: canary, mode: 'wait' },
      },
      origin,
    );
  const decided = newEvent(
    ApprovalDecidedSchema,
    { approvalId: 'apr_1', decision: 'approve', by: toWirePrincipal(bo), reason: 'ok' },
    origin,
  );

  it('say what is touched, at the question and at the answer, under their events’ ids', () => {
    const notices = new ApprovalNotices('https://weir.example');
    const asked = requested(['public.orders']);
    const told = [notices.apply(logged(asked)), notices.apply(logged(decided))];
    expect(told).toMatchObject([
      { id: asked.id, type: 'approval.requested', data: { classes: ['email', 'card'], status: 'pending' } },
      { id: decided.id, type: 'approval.decided', data: { classes: ['email', 'card'], status: 'approved' } },
    ]);
    expect(JSON.stringify(told)).not.toContain(canary);
  });

  it('are made once of an event that comes again', () => {
    const notices = new ApprovalNotices('https://weir.example');
    const [asked, answer] = [logged(requested([])), logged(decided)];
    const told = [asked, asked, answer, answer, asked].map((event) => notices.apply(event) !== undefined);
    expect(told).toEqual([true, false, true, false, false]);
  });

  it('stay small, and count what they leave out', () => {
    const notices = new ApprovalNotices('https://weir.example');
    const tables = Array.from({ length: 33 }, (_, i) => `t${i}.${'x'.repeat(10_000)}`);
    const told = notices.apply(logged(requested(tables, 'y'.repeat(100_000))));
    const { data } = told as { data: { tables: string[]; reason: string } };
    expect([data.tables.length, data.tables.at(-1), data.reason.length]).toEqual([21, '… 13 more', 500]);
    expect(JSON.stringify(data).length).toBeLessThan(30_000);
  });
});
