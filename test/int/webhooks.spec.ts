import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { systemClock } from '#kernel';
import { NotifyModule } from '../../services/notify/index.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';
import { Receiver } from './webhooks.receiver.js';
import { approver, Approvals, canary, operator, secret } from './webhooks.stage.js';

describe('a webhook', () => {
  const folder = specFolder();
  let log: EventLog;
  let house: House;
  let receiver: Receiver;
  let approvals: Approvals;

  beforeEach(async () => {
    process.env['SPEC_HOOK'] = secret;
    receiver = await Receiver.open();
    log = openEmbeddedLog({ path: join(folder.path, String(receiver.port)) });
    approvals = new Approvals(log, systemClock);
    house = await openHouse({
      ...{ module: NotifyModule, log, clock: systemClock, people: [operator, approver] },
      config: specConfig(
        folder.path,
        `publicUrl: https://weir.example
webhooks: [{ name: chat, url: '${receiver.url}', secret: env:SPEC_HOOK, allowPrivate: [127.0.0.1] }]
identity: { roles: { operator: [platform], approver: [dba] } }`,
      ),
    });
  });
  afterEach(async () => {
    await house.close();
    await log.close();
    await receiver.close();
  });

  it('gets what happens to a request, signed', async () => {
    const { id, eventId } = await approvals.ask();
    await receiver.until(1);
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[number]];
    const at = String(headers['webhook-timestamp']);
    expect(headers).toMatchObject({ 'webhook-id': eventId, 'content-type': 'application/json' });
    new Webhook(secret).verify(body, headers as Record<string, string>);
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const mac = createHmac('sha256', key).update(`${eventId}.${at}.${body}`).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${mac}`);
    expect(JSON.parse(body)).toEqual({
      type: 'approval.requested',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        ...{ id, status: 'pending', connection: 'orders', kind: 'delete', tables: ['public.orders'] },
        classes: [],
        requester: { id: 'corp:bot', kind: 'agent', subject: 'bot', onBehalfOf: 'corp:ana' },
        ...{ reason: 'writes are approved', approverGroups: ['dba'], expiresAt: expect.any(String) },
        url: `https://weir.example/approvals/${id}`,
      },
    });
    await approvals.approve(id);
    await receiver.until(2);
    expect(receiver.bodies[1]).toMatchObject({
      type: 'approval.decided',
      data: { id, status: 'approved', decisions: [{ by: 'corp:bo', decision: 'approve', reason: 'seen' }] },
    });
    expect(JSON.stringify(receiver.received)).not.toContain(canary);
  });
});
