import { describe, expect, it } from 'vitest';
import { bot, logged, quarantined, raised, triaged } from '../../libs/domain/finding.specimen.js';
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
