import { setTimeout as pause } from 'node:timers/promises';
import { openKafkaLog, type EventLog } from '#event-log';
import { topics } from '#events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event, ids, idsOf, readAll } from '../../../libs/event-log/contract/subject.js';
import { findKafka, TestKafka } from '../../support/kafka.js';

const peer = await findKafka();
const rounds = Number(process.env['WEIR_KAFKA_ROUNDS'] ?? 6);
const { session } = topics;

describe.skipIf(!peer)('three Kafka brokers, of which two must have an event', () => {
  let kafka: TestKafka;
  let log: EventLog;
  const said: string[] = [];

  beforeAll(async () => {
    kafka = await TestKafka.start(peer!, { nodes: 3 });
    const report = (message: string) => void said.push(message);
    log = await openKafkaLog({ brokers: kafka.brokers(), topics: { partitions: 6 }, report });
  }, 180_000);
  afterAll(async () => {
    await log?.close();
    await kafka?.dispose();
  });

  it('lose nothing while one after the other is killed, and keep their readers', async () => {
    const [tailed, worked]: [Set<string>, Set<string>] = [new Set(), new Set()];
    const last = new Map<string, number>();
    let backwards = 0;
    let [running, most] = [0, 0];
    const tail = log.tail({ topics: [session] }, async (batch) => {
      most = Math.max(most, ++running);
      await pause(1);
      running--;
      for (const { envelope, position } of batch) {
        const before = last.get(`${position.partition}`) ?? -1;
        if (position.offset !== before + 1) backwards++;
        last.set(`${position.partition}`, position.offset);
        tailed.add(envelope.id);
      }
    });
    const worker = log.work({ topic: session, group: 'g' }, (batch) => {
      for (const id of idsOf(batch)) worked.add(id);
    });
    const keys = Array.from({ length: 8 }, (_, i) => `k${i}`);
    const counts = new Map<string, number>();
    let [writing, refused, longest] = [true, 0, 0];
    const writers = keys.map(async (key) => {
      for (let n = 1; writing; n++) {
        const began = Date.now();
        // As the shipper does: the same event, until the log has it.
        while (!(await log.append(session, [event(key, n)]).catch(() => void refused++)));
        longest = Math.max(longest, Date.now() - began);
        counts.set(key, n);
      }
    });
    const written = () => [...counts.values()].reduce((sum, n) => sum + n, 0);

    for (let round = 0; round < rounds; round++) {
      const node = kafka.nodes[round % 3]!;
      await node.kill();
      const before = written();
      await expect.poll(written, { timeout: 60_000 }).toBeGreaterThan(before + 200);
      await node.start();
    }
    writing = false;
    await Promise.all(writers);
    const logged = new Set(idsOf(await readAll(log, session)));
    expect(logged.size).toBe(written());
    for (const [key, count] of counts) {
      const own = [...logged].filter((id) => id.startsWith(`${key}-`));
      expect(own).toEqual(ids(key, 1, count));
    }
    await expect.poll(() => tailed.size, { timeout: 60_000 }).toBe(logged.size);
    await expect.poll(() => worked.size, { timeout: 60_000 }).toBe(logged.size);
    expect(backwards).toBe(0);
    expect(most).toBe(1); // though it reads from each broker by itself
    console.log(
      `${rounds} kills: ${logged.size} events, ${refused} refusals, longest wait ${longest} ms`,
      said,
    );
    await tail.stop();
    await worker.stop();
  });

  it('take nothing while two are away, and go on after', async () => {
    const [one, two] = kafka.nodes;
    await Promise.all([one!.kill(), two!.kill()]);
    const began = Date.now();
    await expect(log.append(session, [event('late', 1)])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(Date.now() - began).toBeLessThan(15_000);
    await Promise.all([one!.start(), two!.start()]);
    const tried = () =>
      log.append(session, [event('late', 1)]).then(
        () => true,
        () => false,
      );
    await expect.poll(tried, { timeout: 60_000, interval: 500 }).toBe(true);
    const late = idsOf(await readAll(log, session)).filter((id) => id.startsWith('late-'));
    expect([...new Set(late)]).toEqual(['late-1']);
  });
});
