import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Receiver } from '../int/webhooks.receiver.js';
import { eventually, TestHouse } from '../support/house.js';

const secret = `whsec_${randomBytes(24).toString('base64')}`;
const canary = 'canary-5eed';

describe('from a held statement to a webhook', { timeout: 60_000 }, () => {
  let receiver: Receiver;
  let house: TestHouse;
  let client: pg.Client;

  beforeAll(async () => {
    receiver = await Receiver.open();
    const item = `{ name: chat, url: '${receiver.url}', secret: env:WEIR_SPEC_HOOK, allowPrivate: [127.0.0.1] }`;
    house = await TestHouse.start({
      yaml: `demo: true\nwebhooks: [${item}]`,
      env: { WEIR_SPEC_HOOK: secret },
    });
    client = new pg.Client(await house.client('demo'));
    client.on('error', () => undefined);
    await client.connect();
  }, 120_000);
  afterAll(async () => {
    await client.end().catch(() => undefined);
    await house.stop();
    await receiver.close();
  });

  it('is told, decided, told again, and recorded', async () => {
    const update = client.query(`update tickets set subject = '${canary}' where id = 1`);
    await receiver.until(1);
    const [asked] = receiver.bodies;
    expect(asked).toMatchObject({ type: 'approval.requested', data: { connection: 'demo', kind: 'update' } });
    const id = String(asked?.data['id']);
    expect(asked?.data['url']).toBe(`${house.url}/approvals/${id}`);
    await fetch(String(asked?.data['url'])); // a GET decides nothing
    expect(await house.pendingApproval()).toBe(id);
    await house.decide(id, 'approve');
    expect((await update).rowCount).toBe(1);
    await receiver.until(2);
    expect(receiver.bodies[1]).toMatchObject({
      type: 'approval.decided',
      data: { id, status: 'approved', decisions: [{ decision: 'approve', reason: 'seen' }] },
    });
    for (const { body, headers } of receiver.received) {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      expect(body).not.toContain(canary);
    }
    await eventually(async () => {
      const rows = await house.sql(
        "SELECT count() AS n FROM control_events WHERE type LIKE '%NotificationDelivered'",
      );
      return Number(rows[0]?.['n']) === 2;
    });
  });

  it('is listed and tried by the command', async () => {
    const { stdout, code } = await house.weir('webhooks');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/chat +http:\/\/127\.0\.0\.1:\d+\/… +standard +active/),
    ]);
    expect(await house.weir('webhooks', 'test', 'chat')).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/^chat took ping_\w+ \(200\)/) },
    });
    receiver.answer = (_, response) => void response.writeHead(500).end();
    expect(await house.weir('webhooks', 'test', 'chat')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('chat did not take it: it answered 500') },
    });
    expect((await house.weir('webhooks', 'test', 'nobody')).code).toBe(4);
  });

  it('does not start with a webhook that cannot be', async () => {
    await house.kill('SIGTERM');
    house.configure((text) => text.replace('env:WEIR_SPEC_HOOK', 'env:WEIR_SPEC_NOTHING'));
    await expect(house.up()).rejects.toThrow(
      /weir\.yaml:\d+: webhooks\[0\]\.secret: env:WEIR_SPEC_NOTHING: the environment variable WEIR_SPEC_NOTHING is not set/,
    );
  });
});
