import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEnvelope, topics } from '#events';
import { systemClock } from '#kernel';
import { bot, hour, logged, quarantined, raised, triaged } from '../../libs/domain/finding.specimen.js';
import { Receiver, type Received } from './webhooks.receiver.js';
import { quiet, secret, Stage, webhook } from './webhooks.stage.js';
import { bodyOf } from '../../services/notify/notice.js';
import { FindingNotices } from '../../services/notify/finding.notices.js';
import { slackMessage } from '../../services/notify/slack.message.js';

const notices = () => new FindingNotices('https://weir.example');

describe('notices of findings', () => {
  it('say what was found, once, and nothing of what people do with it', () => {
    const source = notices();
    const first = raised('fnd_1', {
      quarantine: 'approve',
      connection: 'orders',
      subject: 'public.customers',
    });
    const events = [first, first, raised('fnd_1'), triaged('fnd_1', 'false_alarm'), quarantined('watch')];
    const told = events.map((event) => source.apply(logged(event)));
    expect(told.slice(1)).toEqual([undefined, undefined, undefined, undefined]);
    expect(told[0]).toMatchObject({
      ...{ id: first.id, type: 'finding.opened' },
      data: {
        ...{ id: 'fnd_1', status: 'open', severity: 'high', identity: bot, onBehalfOf: null },
        ...{ evidence: 'read 48,210 rows', subject: 'public.customers', risk: 'high', quarantine: 'approve' },
        url: 'https://weir.example/findings/fnd_1',
      },
    });
  });

  it('stay small', () => {
    const long = 'x'.repeat(100_000);
    const told = notices().apply(logged(raised('a', { title: long, evidence: long, subject: long })));
    expect(JSON.stringify(told).length).toBeLessThan(3_000);
  });

  it('are words in a channel, whatever stands in a name', () => {
    const subject = '<!channel> *psql*';
    const notice = notices().apply(logged(raised('a', { subject, onBehalfOf: 'corp:ana' })))!;
    const message = slackMessage(bodyOf(notice));
    for (const part of [
      'Finding (high): More rows than ever, corp:bot',
      'read 48,210 rows',
      '(for corp:ana)',
    ])
      expect(message).toContain(part);
    expect(message).toContain('<https://weir.example/findings/a|Open the finding>');
    expect(message).toContain('&lt;!channel&gt;');
    expect(message).not.toContain('<!channel>');
  });
});

describe('a finding', () => {
  let stage: Stage;
  let receiver: Receiver;
  let channel: Receiver;
  beforeEach(async () => {
    stage = new Stage(systemClock);
    receiver = await Receiver.open();
    channel = await Receiver.open();
  });
  afterEach(async () => {
    await stage.close();
    await Promise.all([receiver.close(), channel.close()]);
  });

  it('is really sent, once by two replicas, to who wants it: signed, and as words to a channel', async () => {
    const hooks = [
      webhook('pager', receiver.url, 'events: [finding.opened]'),
      `name: slack, format: slack, url: '${channel.url}', allowPrivate: [127.0.0.1], events: [finding.opened]`,
      webhook('approvers', receiver.url, 'events: [approval.requested]'),
    ];
    await stage.open(...hooks);
    await stage.open(...hooks);
    const from = Date.now() - hour;
    const events = [raised('fnd_1', { from }), raised('fnd_1', { from }), raised('fnd_2', { from })];
    await stage.log.append(topics.finding, events.map(encodeEnvelope));
    await Promise.all([receiver.until(2), channel.until(2)]);
    await quiet();
    expect(receiver.bodies.map(({ type, data }) => [type, data['id']]).toSorted()).toEqual([
      ['finding.opened', 'fnd_1'],
      ['finding.opened', 'fnd_2'],
    ]);
    const [{ headers, body }] = receiver.received as [Received];
    new Webhook(secret).verify(body, headers as Record<string, string>);
    expect(channel.received.map(({ body: text }) => text).join()).toContain('Open the finding');
    expect(channel.received).toHaveLength(2);
  });

  it('is sent to who wants those that are as severe, at least', async () => {
    await stage.open(
      webhook('pager', receiver.url, 'minSeverity: high'),
      webhook('all', channel.url, 'events: [finding.opened]'),
    );
    const from = Date.now() - hour;
    const of = (severity: string) => raised(`fnd_${severity}`, { from, severity });
    const events = ['low', 'medium', 'high', 'critical', 'unheard-of'].map(of);
    await stage.log.append(topics.finding, events.map(encodeEnvelope));
    await Promise.all([receiver.until(3), channel.until(5)]);
    await quiet();
    // What is not understood counts as high.
    expect(receiver.bodies.map(({ data }) => data['id']).toSorted()).toEqual([
      'fnd_critical',
      'fnd_high',
      'fnd_unheard-of',
    ]);
  });
});
