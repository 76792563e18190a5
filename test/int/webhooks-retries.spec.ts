import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { register } from 'prom-client';
import { NotificationGivenUpSchema, payload, topics, type NotificationGivenUp } from '#events';
import { ManualClock } from '#kernel';
import { Notifier } from '../../services/notify/notifier.js';
import type { House } from './approval.house.js';
import { eventually } from '../support/house.js';
import { Receiver } from './webhooks.receiver.js';
import { quiet, Stage, webhook } from './webhooks.stage.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** As long as a turn lasts that nobody ends. */
const lease = 30 * second;

interface Item {
  readonly status: string;
  readonly pending: number;
  readonly nextTryAt: string | null;
  readonly lastDelivery: { readonly status: number } | null;
  readonly failuresInARow: number;
}

describe('a webhook that fails', () => {
  let clock: ManualClock;
  let stage: Stage;
  let receiver: Receiver;
  const item = (more = '') => webhook('chat', receiver.url, more);
  beforeEach(async () => {
    clock = new ManualClock();
    receiver = await Receiver.open();
    stage = new Stage(clock);
  });
  afterEach(async () => {
    await stage.close();
    await receiver.close();
  });

  async function state(house: House): Promise<Item> {
    const { body } = await house.call('olga', 'GET', '/webhooks');
    return (body['webhooks'] as Item[])[0]!;
  }

  /** Until the outcome of the tries so far is known. */
  async function failed(house: House, times: number): Promise<number> {
    await eventually(async () => (await state(house)).failuresInARow === times);
    const { nextTryAt } = await state(house);
    return nextTryAt === null ? 0 : Date.parse(nextTryAt) - clock.now();
  }

  const answers = (...statuses: number[]) => {
    receiver.answer = (_, response) => void response.writeHead(statuses.shift() ?? 200).end();
  };

  it('is tried again by the schedule, under the same id', async () => {
    answers(500, 503, 404);
    const house = await stage.open(item());
    const { eventId } = await stage.approvals.ask();
    for (const [failures, delay] of [5 * second, 5 * minute, 30 * minute].entries()) {
      const wait = await failed(house, failures + 1);
      expect(wait).toBeGreaterThanOrEqual(delay);
      expect(wait).toBeLessThanOrEqual(delay * 1.1);
      clock.advance(wait - 1);
      house.tick();
      await quiet();
      expect(receiver.received.length).toBe(failures + 1);
      clock.advance(1);
      house.tick();
      await receiver.until(failures + 2);
    }
    await eventually(async () => (await state(house)).lastDelivery?.status === 200);
    expect(await state(house)).toMatchObject({ pending: 0, failuresInARow: 0, nextTryAt: null });
    expect(receiver.ids).toEqual(Array(4).fill(eventId));
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(4);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-signature'])).size).toBe(4);
  });

  it('is given up after ten tries, three days later', async () => {
    receiver.answer = (_, response) => void response.writeHead(500).end();
    const house = await stage.open(item());
    await stage.approvals.ask();
    const began = clock.now();
    for (let tries = 1; tries <= 9; tries++) {
      clock.advance(await failed(house, tries));
      house.tick();
      await receiver.until(tries + 1);
    }
    await failed(house, 10);
    expect(await state(house)).toMatchObject({ pending: 0, nextTryAt: null, status: 'active' });
    expect(Math.round((clock.now() - began) / hour)).toBeGreaterThan(74);
    clock.advance(100 * hour);
    house.tick();
    await quiet();
    expect(receiver.received.length).toBe(10);
    const metrics = await register.metrics();
    expect(metrics).toMatch(/weir_webhook_deliveries_total\{webhook="chat",outcome="given_up"\} 1/);
  });

  it('is given up, and not before, where the endpoint puts it off as long as it may', async () => {
    receiver.answer = (_, response) => void response.writeHead(503, { 'retry-after': '86400' }).end();
    const house = await stage.open(item('events: [approval.requested]'));
    const { eventId } = await stage.approvals.ask();
    const began = clock.now();
    for (let tries = 1; tries <= 9; tries++) {
      const wait = await failed(house, tries);
      expect(wait).toBeGreaterThanOrEqual(24 * hour);
      clock.advance(wait);
      house.tick();
      await receiver.until(tries + 1);
    }
    await failed(house, 10);
    expect(clock.now() - began).toBeGreaterThan(216 * hour);
    expect([receiver.ids, (await state(house)).pending]).toEqual([Array(10).fill(eventId), 0]);
    await stage.approvals.ask();
    await receiver.until(11);
  });

  it('nothing is dropped unsaid: not what waited while no gate ran, nor what nobody serves any more', async () => {
    answers(500, 500);
    const first = await stage.open(item(), webhook('gone', receiver.url));
    const { eventId } = await stage.approvals.ask();
    await receiver.until(2);
    await failed(first, 1);
    await eventually(() => first.app.get(Notifier, { strict: false }).state('gone').failuresInARow === 1);
    await first.close();
    clock.advance(200 * hour);
    const early = await stage.open(webhook('other', receiver.url));
    early.tick();
    await quiet();
    expect(await givenUp()).toEqual([]);
    await early.close();
    clock.advance(30 * hour);
    const last = await stage.open(item());
    await eventually(async () => {
      last.tick();
      return (await givenUp()).length === 2;
    });
    const both = ['chat', 'gone'].map((name) => ({ webhook: name, messageId: eventId }));
    expect((await givenUp()).toSorted((a, b) => a.webhook.localeCompare(b.webhook))).toMatchObject(both);
    last.tick();
    await quiet();
    expect([(await givenUp()).length, receiver.received.length]).toEqual([2, 2]);
    const metrics = await register.metrics();
    expect(metrics).toMatch(/weir_webhook_deliveries_total\{webhook="gone",outcome="given_up"\} 1/);
    await stage.approvals.ask(); // and what is news goes out
    await receiver.until(3);
  });

  async function givenUp(): Promise<NotificationGivenUp[]> {
    const events = await stage.log.read({ topic: topics.notification, partition: 0, offset: -1 }, 1_000);
    return events.flatMap(({ envelope }) => payload(NotificationGivenUpSchema, envelope) ?? []);
  }

  it('is tried again after a restart between two tries, and hears nothing twice that it took', async () => {
    const first = await stage.open(item());
    await stage.approvals.ask();
    await receiver.until(1);
    await eventually(async () => (await state(first)).pending === 0);
    answers(500);
    const { eventId } = await stage.approvals.ask();
    const wait = await failed(first, 1);
    await first.close();
    clock.advance(wait + lease);
    const second_ = await stage.open(item());
    await receiver.until(3);
    await eventually(async () => (await state(second_)).pending === 0);
    await quiet();
    expect(receiver.ids.slice(1)).toEqual([eventId, eventId]);
  });

  it('hears after a start what happened while no gate ran, but no old story', async () => {
    await stage.approvals.ask(); // before there was a webhook
    clock.advance(1);
    const first = await stage.open(item());
    await quiet();
    expect(receiver.received).toEqual([]);
    await first.close();
    await stage.approvals.ask({ expiresAt: clock.now() + 5 * hour });
    clock.advance(61 * minute);
    const { eventId } = await stage.approvals.ask();
    clock.advance(4 * minute);
    await stage.open(item());
    await receiver.until(1);
    await quiet();
    expect(receiver.ids).toEqual([eventId]);
  });

  it('is taken over from a gate that is gone', async () => {
    answers(500);
    const first = await stage.open(item());
    const second_ = await stage.open(item());
    const { eventId } = await stage.approvals.ask();
    const wait = await failed(first, 1);
    await eventually(async () => (await state(second_)).failuresInARow === 1);
    await first.close();
    await second_.close(); // neither says more
    const third = await stage.open(item());
    clock.advance(wait);
    third.tick();
    await quiet();
    expect(receiver.received.length).toBe(1); // the turn is another's still
    clock.advance(lease);
    third.tick();
    await receiver.until(2);
    expect(receiver.ids).toEqual([eventId, eventId]);
  });

  it('is taken over by one only, of two that would', async () => {
    answers(500);
    const first = await stage.open(item());
    await stage.approvals.ask();
    const wait = await failed(first, 1);
    await first.close();
    const others = [await stage.open(item()), await stage.open(item())];
    clock.advance(wait + lease);
    for (const other of others) other.tick();
    await receiver.until(2);
    await quiet();
    expect(receiver.received.length).toBe(2);
  });

  it('that is gone gets nothing more, until its configuration changes', async () => {
    const first = await stage.open(item());
    answers(500);
    await stage.approvals.ask();
    await failed(first, 1); // one waits
    answers(410);
    await stage.approvals.ask();
    await eventually(async () => (await state(first)).status === 'disabled');
    expect(await state(first)).toMatchObject({ pending: 0, disabledReason: 'it answered 410' });
    answers();
    await stage.approvals.ask();
    clock.advance(hour);
    first.tick();
    await quiet();
    await first.close();
    const again = await stage.open(item());
    await stage.approvals.ask();
    await quiet();
    expect(await state(again)).toMatchObject({ status: 'disabled' });
    expect(receiver.received.length).toBe(2);
    await again.close();
    clock.advance(second);
    const repaired = await stage.open(item('events: [approval.requested]'));
    expect(await state(repaired)).toMatchObject({ status: 'active' });
    const { eventId } = await stage.approvals.ask();
    await receiver.until(3);
    await quiet();
    expect(receiver.ids.slice(2)).toEqual([eventId]);
  });

  it('gets nothing twice because the log is away', async () => {
    const house = await stage.open(item());
    let append: MockInstance | undefined;
    receiver.answer = (_, response) => {
      append ??= vi.spyOn(stage.log, 'append').mockRejectedValue(new Error('the log is away'));
      response.end();
    };
    await stage.approvals.ask();
    await receiver.until(1);
    await eventually(() => (append?.mock.calls.length ?? 0) >= 2);
    expect(append?.mock.calls.length).toBeLessThan(4); // no faster than it rests
    append?.mockRestore();
    await eventually(async () => (await state(house)).lastDelivery?.status === 200);
    await quiet();
    expect(receiver.received.length).toBe(1);
  });

  it('may ask for more time', async () => {
    receiver.answer = (_, response) => void response.writeHead(429, { 'retry-after': '120' }).end();
    const house = await stage.open(item());
    await stage.approvals.ask();
    expect(await failed(house, 1)).toBe(120 * second);
  });

  it('hears of an expiry', async () => {
    await stage.open(item('events: [approval.expired]'));
    const { id } = await stage.approvals.ask();
    clock.advance(11 * minute);
    await stage.approvals.expire(id);
    await receiver.until(1);
    expect(receiver.bodies).toMatchObject([{ type: 'approval.expired', data: { id, status: 'expired' } }]);
  });
});
