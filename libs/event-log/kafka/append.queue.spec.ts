import { setTimeout as pause } from 'node:timers/promises';
import type { ProducerBatch, RecordMetadata } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import { ManualClock } from '#kernel';
import { AppendQueue } from './append.queue.js';
import { TopicNames } from './topic.names.js';

const clock = new ManualClock();
const { session, policy } = topics;
const event = (subject: string, n: number, bytes = 0) => {
  const origin = { source: 'test', subject, clock, id: `${subject}-${n}` };
  return encodeEnvelope(newEvent(SessionEndedSchema, { reason: 'x'.repeat(bytes) }, origin));
};

/** What kafkajs's producer is to the queue: it answers late, and sometimes not. */
class Producer {
  atOnce = 0;
  most = 0;
  readonly requests: string[][] = [];
  readonly failures: Error[] = [];
  readonly #ends = new Map<string, number>();

  readonly sendBatch = async ({ topicMessages = [] }: ProducerBatch): Promise<RecordMetadata[]> => {
    this.most = Math.max(this.most, ++this.atOnce);
    await pause(5);
    this.atOnce--;
    const failure = this.failures.shift();
    if (failure) throw failure;
    const answer: RecordMetadata[] = [];
    const ids: string[] = [];
    for (const { topic, messages } of topicMessages) {
      for (const { partition = 0, headers } of messages) {
        const place = `${topic}/${partition}`;
        const end = this.#ends.get(place) ?? 0;
        if (!answer.some((each) => each.topicName === topic && each.partition === partition))
          answer.push({ topicName: topic, partition, errorCode: 0, baseOffset: String(end) });
        this.#ends.set(place, end + 1);
        ids.push(String(headers?.['ce_id']));
      }
    }
    this.requests.push(ids);
    return answer;
  };
}

function queueOn(producer: Producer, timeoutMs = 2000): AppendQueue {
  const partition = { partitionErrorCode: 0, leader: 1, replicas: [], isr: [] };
  const partitions = new Map([[session, [0, 1, 2].map((partitionId) => ({ ...partition, partitionId }))]]);
  return new AppendQueue({
    ...{ producer: producer as never, names: new TopicNames(''), brokers: ['kafka:9092'], partitions },
    ...{ compression: 0, timeoutMs },
  });
}

const passing = () => Object.assign(new Error('the leader moves'), { retriable: true });

describe('appends on their way to Kafka', () => {
  it('go one request after the other; what comes meanwhile shares the next', async () => {
    const producer = new Producer();
    const queue = queueOn(producer);
    const first = queue.append(session, [event('a', 1)]);
    await pause(1);
    const rest = [2, 3, 4].map((n) => queue.append(session, [event('a', n)]));
    const positions = await Promise.all([first, ...rest]);
    expect(producer.most).toBe(1);
    expect(producer.requests).toEqual([['a-1'], ['a-2', 'a-3', 'a-4']]);
    expect(positions.map(([position]) => position!.offset)).toEqual([0, 1, 2, 3]);
  });

  it('name the place of each event, by topic and partition', async () => {
    const queue = queueOn(new Producer());
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    const [ofSession, ofPolicy] = await Promise.all([
      queue.append(
        session,
        [...keys, ...keys].map((key, i) => event(key, i)),
      ),
      queue.append(policy, [event('k1', 1), event('k2', 2)]),
    ]);
    expect(ofPolicy.map(({ topic, partition, offset }) => [topic, partition, offset])).toEqual([
      [policy, 0, 0],
      [policy, 0, 1],
    ]);
    for (const partition of [0, 1, 2]) {
      const own = ofSession.filter((position) => position.partition === partition);
      expect(own.length).toBeGreaterThan(0);
      expect(own.map(({ offset }) => offset)).toEqual(own.map((_, i) => i));
    }
    // A key's events are in one partition.
    keys.forEach((_, i) => expect(ofSession[i]!.partition).toBe(ofSession[i + keys.length]!.partition));
  });

  it('are cut into requests of a bounded size, in order', async () => {
    const producer = new Producer();
    await queueOn(producer).append(
      session,
      [1, 2, 3, 4, 5].map((n) => event('a', n, 400_000)),
    );
    expect(producer.requests).toEqual([['a-1', 'a-2'], ['a-3', 'a-4'], ['a-5']]);
  });

  it('are sent again until Kafka has them', async () => {
    const producer = new Producer();
    producer.failures.push(passing(), passing());
    const queue = queueOn(producer);
    const [one, two] = [queue.append(session, [event('a', 1)]), queue.append(session, [event('a', 2)])];
    expect([(await one)[0]!.offset, (await two)[0]!.offset]).toEqual([0, 1]);
    expect(producer.most).toBe(1);
  });

  it('end with what Kafka says of them', async () => {
    const producer = new Producer();
    producer.failures.push(new Error('this is refused for what it is'));
    const queue = queueOn(producer);
    const refused = { code: 'LOG_UNAVAILABLE', message: expect.stringContaining('for what it is') as string };
    await expect(queue.append(session, [event('a', 1)])).rejects.toMatchObject(refused);
    await queue.append(session, [event('a', 2)]);
    expect(producer.requests).toEqual([['a-2']]);
  });

  it('end when nobody has said anything in time, and are then not sent', async () => {
    const producer = new Producer();
    producer.failures.push(...Array.from({ length: 50 }, passing));
    const queue = queueOn(producer, 300);
    const late = { code: 'LOG_UNAVAILABLE', message: expect.stringContaining('the leader moves') as string };
    const [one, two] = [queue.append(session, [event('a', 1)]), queue.append(session, [event('a', 2)])];
    await Promise.all([one, two].map((each) => expect(each).rejects.toMatchObject(late)));
    producer.failures.length = 0;
    await queue.append(session, [event('a', 3)]);
    expect(producer.requests).toEqual([['a-3']]);
  });
});
