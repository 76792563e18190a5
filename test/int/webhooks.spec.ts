import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { topics } from '#events';
import { systemClock } from '#kernel';
import { runCli } from '../../services/cli/cli.js';
import { eventually } from '../support/house.js';
import { Receiver, type Received } from './webhooks.receiver.js';
import { approvers, canary, quiet, secret, secretName, Stage, webhook } from './webhooks.stage.js';

describe('a webhook', () => {
  let stage: Stage;
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await Receiver.open();
    stage = new Stage(systemClock);
  });
  afterEach(async () => {
    await stage.close();
    await receiver.close();
  });

  it('gets what was asked for, signed', async () => {
    await stage.open(webhook('chat', receiver.url));
    const { id, eventId } = await stage.approvals.ask();
    await receiver.until(1);
    const [{ headers, body }] = receiver.received as [Received];
    expect(headers).toMatchObject({ 'webhook-id': eventId, 'content-type': 'application/json' });
    new Webhook(secret).verify(body, headers as Record<string, string>);
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signed = `${eventId}.${String(headers['webhook-timestamp'])}.${body}`;
    const mac = createHmac('sha256', key).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${mac}`);
    expect(JSON.parse(body)).toEqual({
      type: 'approval.requested',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        ...{ id, status: 'pending', connection: 'orders', kind: 'delete', tables: ['public.orders'] },
        classes: ['email'],
        requester: { id: 'corp:bot', kind: 'agent', subject: 'bot', onBehalfOf: 'corp:ana' },
        ...{ reason: 'writes are approved', approverGroups: ['dba'], expiresAt: expect.any(String) },
        url: `https://weir.example/approvals/${id}`,
      },
    });
  });

  it('is signed with the old secret and the new while they change', async () => {
    const next = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    process.env['WEIR_SPEC_WEBHOOK_TWO'] = `${secret} ${next}`;
    await stage.open(webhook('chat', receiver.url).replace(secretName, 'WEIR_SPEC_WEBHOOK_TWO'));
    await stage.approvals.ask();
    await receiver.until(1);
    const [{ headers, body }] = receiver.received as [Received];
    for (const each of [secret, next]) new Webhook(each).verify(body, headers as Record<string, string>);
  });

  it('hears of the decision once it stands, and of nothing in between', async () => {
    await stage.open(webhook('chat', receiver.url));
    const { id } = await stage.approvals.ask({ quorum: 2 });
    await receiver.until(1);
    await stage.approvals.approve(id, approvers[0]);
    await quiet();
    expect(receiver.received.length).toBe(1);
    await stage.approvals.approve(id, approvers[1], 'fine');
    await receiver.until(2);
    expect(receiver.bodies[1]).toMatchObject({
      type: 'approval.decided',
      data: {
        id,
        status: 'approved',
        decisions: [{ by: 'corp:bo', decision: 'approve' }, { reason: 'fine' }],
      },
    });
    const other = await stage.approvals.ask();
    await stage.approvals.deny(other.id, approvers[0], 'no');
    await receiver.until(4);
    expect(receiver.bodies.find(({ data }) => data['status'] === 'denied')).toMatchObject({
      type: 'approval.decided',
    });
  });

  it('gets only what it asked for', async () => {
    await stage.open(webhook('chat', receiver.url, 'events: [approval.decided]'));
    const { id } = await stage.approvals.ask();
    await stage.approvals.approve(id, approvers[0]);
    await receiver.until(1);
    await quiet();
    expect(receiver.bodies.map(({ type }) => type)).toEqual(['approval.decided']);
  });

  it('in Slack gets blocks, and needs no secret', async () => {
    const url = `${receiver.url}/T0/B0/s3cret-path`;
    await stage.open(`name: slack, format: slack, url: '${url}', allowPrivate: [127.0.0.1]`);
    const { id } = await stage.approvals.ask();
    await receiver.until(1);
    expect(receiver.received[0]?.headers['webhook-signature']).toBeUndefined();
    expect(receiver.received[0]?.body).toContain(`<https://weir.example/approvals/${id}|Look and decide>`);
  });

  it('tells nobody the statement, the secret or the URL', async () => {
    const said: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    try {
      const url = `${receiver.url}/T0/s3cret-path?key=s3cret-key`;
      const house = await stage.open(webhook('chat', url), webhook('dead', 'http://127.0.0.1:1/s3cret-path'));
      receiver.answer = (_, response) => void response.writeHead(500).end(`you sent ${canary}`);
      const { id } = await stage.approvals.ask();
      await receiver.until(1);
      await stage.approvals.approve(id, approvers[0]);
      await receiver.until(2);
      await house.call('olga', 'POST', '/webhooks/chat/test');
      await quiet();
      const listed = await house.call('olga', 'GET', '/webhooks');
      expect(JSON.stringify(listed.body)).toContain('it answered 500');
      const logged = await stage.log.read({ topic: topics.notification, partition: 0, offset: -1 }, 1000);
      expect(logged.length).toBeGreaterThan(4);
      const everywhere = [...said, JSON.stringify(listed.body), ...logged.map(({ raw }) => text(raw))];
      const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64').toString('latin1');
      for (const hidden of [canary, secret.slice(6), bytes, 's3cret-path', 's3cret-key'])
        expect(everywhere.filter((each) => each.includes(hidden))).toEqual([]);
      expect(JSON.stringify(receiver.received)).not.toContain(canary);
      expect(said.join('')).toContain('it answered 500');
    } finally {
      spy.mockRestore();
    }
  });

  it('that is dead delays no other', async () => {
    const dead = await Receiver.open();
    dead.answer = () => undefined;
    const items = [webhook('dead', dead.url), webhook('chat', receiver.url)];
    await (await stage.open(...items)).close();
    for (let i = 0; i < 30; i++) await stage.approvals.ask();
    await stage.open(...items);
    const began = Date.now();
    await receiver.until(30);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(dead.received.length).toBe(4);
    await dead.close();
  });

  it('of two gates gets each message once', async () => {
    const item = webhook('chat', receiver.url);
    await Promise.all([stage.open(item), stage.open(item)]);
    const asked = await Promise.all(Array.from({ length: 25 }, () => stage.approvals.ask()));
    await receiver.until(25);
    await quiet();
    expect(receiver.ids.toSorted()).toEqual(asked.map(({ eventId }) => eventId).toSorted());
  });

  it('is listed by the command, with why it fails', async () => {
    const house = await stage.open(webhook('chat', receiver.url));
    const url = (await house.app.getUrl()).replace(/\/$/, '');
    const weir = async (...argv: string[]) => {
      const out: string[] = [];
      const code = await runCli(argv, { url, env: { WEIR_TOKEN: 'olga' }, out: (line) => out.push(line) });
      return { code, out: out.join('\n') };
    };
    receiver.answer = (_, response) => void response.writeHead(503).end();
    await stage.approvals.ask();
    await eventually(async () => (await weir('webhooks')).out.includes('it answered 503'));
    const { code, out } = await weir('webhooks', 'list', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ webhooks: [{ name: 'chat', failuresInARow: 1, pending: 1 }] });
    expect(JSON.parse((await weir('webhooks', 'test', 'chat', '--json')).out)).toMatchObject({
      delivered: false,
    });
    expect((await weir('webhooks', 'remove')).code).toBe(2);
  });

  it('can be tried, by an operator', async () => {
    const house = await stage.open(webhook('chat', receiver.url));
    expect((await house.call('bo', 'GET', '/webhooks')).status).toBe(403);
    expect((await house.call('bo', 'POST', '/webhooks/chat/test')).status).toBe(403);
    expect((await house.call('', 'GET', '/webhooks')).status).toBe(401);
    expect((await house.call('olga', 'POST', '/webhooks/other/test')).status).toBe(404);
    const taken = await house.call('olga', 'POST', '/webhooks/chat/test');
    expect(taken).toMatchObject({ status: 200, body: { delivered: true, status: 200, reason: null } });
    expect(receiver.ids).toEqual([taken.body['id']]);
    expect(receiver.bodies).toMatchObject([{ type: 'ping', data: { webhook: 'chat' } }]);
    new Webhook(secret).verify(
      receiver.received[0]!.body,
      receiver.received[0]!.headers as Record<string, string>,
    );
    receiver.answer = (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1/' }).end();
    expect((await house.call('olga', 'POST', '/webhooks/chat/test')).body).toMatchObject({
      ...{ delivered: false, status: 302, reason: 'it answered 302; redirects are not followed' },
    });
    expect((await house.call('olga', 'GET', '/webhooks')).body).toEqual({
      webhooks: [
        {
          ...{ name: 'chat', url: `http://127.0.0.1:${receiver.port}/…`, format: 'standard', events: null },
          ...{ status: 'active', disabledReason: null, pending: 0, nextTryAt: null },
          ...{ lastDelivery: null, lastFailure: null, failuresInARow: 0 },
        },
      ],
    });
  });
});

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
