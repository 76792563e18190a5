import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, type Clock } from '#kernel';
import { eventually } from '../support/house.js';
import type { House } from './approval.house.js';
import { Receiver } from './webhooks.receiver.js';
import { quiet, Stage, webhook } from './webhooks.stage.js';

const second = 1_000;
const hour = 3_600 * second;
const lease = 30 * second;
const skews = [-2 * hour, -40 * second, 40 * second, 2 * hour];

describe('a gate whose clock is not the log’s', () => {
  let clock: ManualClock;
  let stage: Stage;
  let receiver: Receiver;
  beforeEach(async () => {
    clock = new ManualClock();
    receiver = await Receiver.open();
    stage = new Stage(clock);
  });
  afterEach(async () => {
    await stage.close();
    await receiver.close();
  });

  const open = (skew: number) => {
    const skewed: Clock = { now: () => clock.now() + skew };
    return stage.openBy(skewed, webhook('chat', receiver.url));
  };
  const answers = (...statuses: number[]) => {
    receiver.answer = (_, response) => void response.writeHead(statuses.shift() ?? 200).end();
  };
  const failures = async (house: House) => {
    const { body } = await house.call('olga', 'GET', '/webhooks');
    return (body['webhooks'] as { failuresInARow: number }[])[0]!.failuresInARow;
  };

  it.each(skews)('delivers at once, and once (%i ms ahead)', async (skew) => {
    const house = await open(skew);
    const { eventId } = await stage.approvals.ask();
    await receiver.until(1);
    house.tick();
    await quiet();
    expect(receiver.ids).toEqual([eventId]);
  });

  it.each(skews)(
    'tries again when it is due by the log, and no other gate before (%i ms ahead)',
    async (skew) => {
      answers(500);
      const house = await open(skew);
      const other = await open(0);
      await stage.approvals.ask();
      await eventually(async () => (await failures(house)) + (await failures(other)) === 2);
      clock.advance(4.9 * second);
      for (const each of [house, other]) each.tick();
      await quiet();
      expect(receiver.received.length).toBe(1);
      clock.advance(second);
      for (const each of [house, other]) each.tick();
      await receiver.until(2);
      await quiet();
      expect(receiver.received.length).toBe(2);
    },
  );

  it.each(skews)('leaves another its turn while it lasts, and then takes it (%i ms ahead)', async (skew) => {
    answers(500);
    const first = await open(0);
    const { eventId } = await stage.approvals.ask();
    await eventually(async () => (await failures(first)) === 1);
    const waiting = await open(skew);
    await first.close();
    clock.advance(6 * second);
    waiting.tick();
    await quiet();
    expect(receiver.received.length).toBe(1);
    clock.advance(lease);
    await eventually(() => {
      waiting.tick();
      return receiver.received.length === 2;
    });
    await quiet();
    expect(receiver.ids).toEqual([eventId, eventId]);
  });
});
