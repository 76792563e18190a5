import { beforeEach, describe, expect, it } from 'vitest';
import { encodeEnvelope, topics } from '#events';
import type { LoggedEvent } from '#event-log';
import { ManualClock } from '#kernel';
import { isOverdue, leaseMs, mostPending, newsMs, NotificationBook } from './notification.book.js';
import { nextTry } from './retry.schedule.js';
import { toNotificationEnvelope, type NotificationEvent } from './notification.events.js';

const [a, b] = ['notify/gate-a', 'notify/gate-b'];
const configuration = Buffer.from('one');

describe('the book of notifications', () => {
  let clock: ManualClock;
  let book: NotificationBook;
  let offset: number;
  beforeEach(() => {
    clock = new ManualClock();
    book = new NotificationBook();
    offset = 0;
    say({ type: 'WebhookConfigured', data: { webhook: 'chat', configuration } });
  });

  function say(event: NotificationEvent, source = a): void {
    const envelope = toNotificationEnvelope(event, { source, clock });
    const position = { topic: topics.notification, partition: 0, offset: offset++ };
    const logged: LoggedEvent = {
      position,
      appendedAt: clock.now(),
      envelope,
      raw: encodeEnvelope(envelope),
    };
    book.apply(logged);
  }
  function queue(messageId: string, source = a, webhooks = ['chat'], occurredAt = clock.now()): void {
    const occurredAtUs = BigInt(occurredAt) * 1000n;
    const data = { messageId, type: 'approval.requested', occurredAtUs, body: '{}', webhooks };
    say({ type: 'NotificationQueued', data }, source);
  }
  const claim = (messageId: string, source: string) =>
    say({ type: 'NotificationClaimed', data: { messageId, webhook: 'chat' } }, source);
  const delivered = (messageId: string, source = a) =>
    say(
      { type: 'NotificationDelivered', data: { messageId, webhook: 'chat', attempt: 1, status: 200 } },
      source,
    );
  function failed(messageId: string, attempt: number, inMs: number, source = a): void {
    const nextTryAtUs = BigInt(clock.now() + inMs) * 1000n;
    const data = { messageId, webhook: 'chat', attempt, status: 500, reason: 'no', nextTryAtUs };
    say({ type: 'NotificationFailed', data }, source);
  }
  const pending = () => [...book.state('chat').pending.keys()];
  const holder = (messageId: string) => book.state('chat').pending.get(messageId)?.claim.by;

  it('gives a message to the first that queued it, whoever queues it again', () => {
    queue('m1', a);
    queue('m1', b);
    expect(pending()).toEqual(['m1']);
    expect(holder('m1')).toBe(a);
  });

  it('adds the webhooks that only another replica knows', () => {
    queue('m1', a, ['chat']);
    queue('m1', b, ['chat', 'pager']);
    expect([...book.state('pager').pending.keys()]).toEqual(['m1']);
    expect(holder('m1')).toBe(a);
  });

  it('lets another take a turn only when it has ended', () => {
    queue('m1', a);
    clock.advance(leaseMs - 1);
    claim('m1', b);
    expect(holder('m1')).toBe(a);
    claim('m1', a); // its own it may renew
    clock.advance(leaseMs - 1);
    claim('m1', b);
    expect(holder('m1')).toBe(a);
    clock.advance(1);
    claim('m1', b);
    claim('m1', a);
    expect(holder('m1')).toBe(b);
  });

  it('leaves the next try to who failed, for a while after it is due', () => {
    queue('m1', a);
    failed('m1', 1, 5_000, b);
    expect(book.state('chat').pending.get('m1')).toMatchObject({
      ...{ failures: 1, dueAt: clock.now() + 5_000, claim: { by: b, until: clock.now() + 5_000 + leaseMs } },
    });
    failed('m1', 1, 9_000, a); // of the same try, by one who was late
    expect(book.state('chat')).toMatchObject({ failuresInARow: 1, lastFailure: { reason: 'no' } });
    expect(book.state('chat').pending.get('m1')?.dueAt).toBe(clock.now() + 5_000);
  });

  it('forgets no message that was delivered while somebody may still queue it', () => {
    queue('m1');
    delivered('m1');
    clock.advance(newsMs);
    queue('m1', b, ['chat'], clock.now() - newsMs);
    expect(pending()).toEqual([]);
    clock.advance(10 * newsMs);
    queue('m1', b, ['chat'], clock.now() - 11 * newsMs); // remembered no more, but no news
    queue('m2');
    expect(pending()).toEqual(['m2']);
    delivered('m1'); // late, of nothing that waits
    expect(book.state('chat').lastDelivery?.at).toBe(clock.now() - 11 * newsMs);
  });

  it('drops what a disabled webhook waits for, and takes nothing until it is configured anew', () => {
    queue('m1');
    say({
      type: 'WebhookDisabled',
      data: { webhook: 'chat', configuration: Buffer.from('old'), reason: '410' },
    });
    expect(pending()).toEqual(['m1']); // said of another configuration
    say({ type: 'WebhookDisabled', data: { webhook: 'chat', configuration, reason: '410' } });
    queue('m2');
    say({ type: 'WebhookConfigured', data: { webhook: 'chat', configuration } });
    queue('m3');
    expect([pending(), book.state('chat').disabled?.reason]).toEqual([[], '410']);
    clock.advance(1);
    say({ type: 'WebhookConfigured', data: { webhook: 'chat', configuration: Buffer.from('two') } });
    queue('m4');
    expect([pending(), book.state('chat').since]).toEqual([['m4'], clock.now()]);
  });

  it('holds so many messages and no more, and drops none unsaid, however old', () => {
    for (let i = 0; i < mostPending + 10; i++) queue(`m${i}`);
    expect(book.state('chat').pending.size).toBe(mostPending);
    clock.advance(60 * 24 * newsMs);
    queue('new');
    expect(pending().length).toBe(mostPending);
    say({
      type: 'NotificationGivenUp',
      data: { messageId: 'm0', webhook: 'chat', attempt: 1, status: 0, reason: 'old' },
    });
    queue('new');
    expect([pending().length, pending().at(-1)]).toEqual([mostPending, 'new']);
  });

  it('knows what no try is left for: nothing that an endpoint only puts off', () => {
    queue('m1');
    const isOver = () => isOverdue(book.state('chat').pending.get('m1')!, clock.now());
    for (let attempt = 1; ; attempt++) {
      const at = nextTry({ attempt, now: clock.now(), retryAfter: '86400', random: 1 });
      if (at === undefined) break;
      failed('m1', attempt, at - clock.now());
      clock.advance(at - clock.now());
      expect([attempt, isOver()]).toEqual([attempt, false]);
    }
    clock.advance(2 * newsMs);
    expect(isOver()).toBe(true);
  });

  it('takes no harm from what it does not understand', () => {
    const envelope = {
      ...toNotificationEnvelope(
        { type: 'WebhookConfigured', data: { webhook: 'x', configuration } },
        { source: a, clock },
      ),
      data: Buffer.from([255]),
    };
    const position = { topic: topics.notification, partition: 0, offset: 99 };
    book.apply({ position, appendedAt: 0, envelope, raw: Buffer.of() });
    book.apply({
      position,
      appendedAt: 0,
      raw: Buffer.of(),
      get envelope(): never {
        throw new Error('no envelope');
      },
    });
    delivered('unheard of');
    expect(pending()).toEqual([]);
  });
});
