import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topics } from '#events';
import { readCheckpoint, splitCheckpoints } from '#proof';
import { findKafka } from '../support/kafka.js';
import { rounds } from '../support/rounds.js';
import { events } from '../support/session-events.js';
import { AuditPair, partitions } from './audit-pair.stage.js';

const peer = await findKafka();
const sessions = 24;
/** Seconds. */
const away = rounds(2, 60);
/** A member that is gone keeps its partitions for ten seconds. */
const patience = { timeout: 40_000, interval: 100 };

describe.skipIf(!peer)('two audit services over one Kafka and one store', { timeout: 180_000 }, () => {
  let pair: AuditPair;
  /** Events that each session has in the log. */
  let written = 0;

  beforeAll(async () => {
    pair = await AuditPair.start(peer!);
  }, 120_000);
  afterAll(() => pair?.dispose());

  async function write(count: number): Promise<void> {
    for (let n = 0; n < sessions; n++)
      await pair.log.append(topics.session, events(`ses_${n}`, written + 1, written + count));
    written += count;
  }

  const stored = async () =>
    Number((await pair.rows<{ n: number }>('SELECT count() AS n FROM weir.session_events'))[0]?.n);
  const isWhole = () => expect.poll(stored, patience).toBe(sessions * written);

  it('divide the partitions, and each carries its own', async () => {
    await pair.audit('one');
    await write(20);
    await isWhole();
    await pair.audit('two');
    const both = async () => [...(await pair.carried('one')), ...(await pair.carried('two'))].toSorted();
    const others = Object.values(topics).length - 2; // no dead letters
    await expect.poll(async () => (await pair.carried('two')).length, patience).toBeGreaterThan(3);
    expect(await both()).toHaveLength(partitions + others);
    expect(new Set(await both()).size).toBe(partitions + others);
    await write(20);
    await isWhole();
  });

  it('take over from one that is killed, and lose and double nothing', async () => {
    const three = await pair.audit('three');
    await expect.poll(async () => (await pair.carried('three')).length, patience).toBeGreaterThan(2);
    await write(30);
    await three.kill();
    await write(30);
    await isWhole();
    await expectWhole();
  });

  it('stand a writer that sleeps through losing its partitions and then goes on', async () => {
    const four = await pair.audit('four');
    await expect.poll(async () => (await pair.carried('four')).length, patience).toBeGreaterThan(2);
    const writing = write(200);
    await delay(150);
    process.kill(four.pid, 'SIGSTOP');
    await writing;
    await isWhole(); // the others have its partitions now
    process.kill(four.pid, 'SIGCONT');
    await write(50);
    await isWhole();
    await expectWhole();
    await four.kill('SIGTERM');
  });

  it(`lose nothing while the store is away for ${away} s, say so, and catch up`, async () => {
    const lag = 'weir_audit_lag_events';
    const known = async () =>
      (await pair.samples('one', lag, topics.session)).length +
      (await pair.samples('two', lag, topics.session)).length;
    const waiting = async () =>
      (await pair.metric('one', lag, topics.session)) + (await pair.metric('two', lag, topics.session));
    // The group may still be sharing anew what `four` had.
    await expect.poll(async () => [await known(), await waiting()], patience).toEqual([partitions, 0]);
    await pair.store.away();
    await write(20);
    await expect.poll(() => pair.metric('one', 'weir_audit_store_up'), patience).toBe(0);
    await expect.poll(() => pair.readiness('one'), patience).toMatch(/^503 .*audit store/s);
    await delay(away * 1000);
    await expect.poll(waiting, patience).toBe(20 * sessions);
    expect(await pair.metric('one', 'weir_audit_lag_seconds')).toBeGreaterThan(away);
    expect(await pair.metric('one', 'weir_audit_retries_total')).toBeGreaterThan(0);
    await pair.store.open();
    await isWhole();
    await expectWhole();
    await expect.poll(waiting, patience).toBe(0);
    await expect.poll(() => pair.readiness('one'), patience).toMatch(/^200 /);
    expect(await pair.metric('one', 'weir_audit_lag_seconds')).toBeLessThan(away);
  });

  it('make one line of each tree, whoever cuts it, and send it to the sink', async () => {
    await write(1);
    await isWhole();
    const ends = (await pair.log.end(topics.session)).toSorted((a, b) => a.partition - b.partition);
    for (const name of ['one', 'two'])
      await expect.poll(() => throughOf(name), patience).toEqual(ends.map(({ offset }) => offset));
    await expect
      .poll(() => JSON.stringify(treesOf('two')) === JSON.stringify(treesOf('one')), patience)
      .toBe(true);
    const sent = splitCheckpoints(readFileSync(join(pair.root, 'outside/checkpoints'), 'utf8')).map((note) =>
      readCheckpoint(note)!,
    );
    const roots = new Map<string, string>();
    for (const { origin, size, root } of sent) {
      const known = roots.get(`${origin} ${size}`);
      expect(known ?? root.toString('hex')).toBe(root.toString('hex'));
      roots.set(`${origin} ${size}`, root.toString('hex'));
    }
    expect(roots.size).toBeGreaterThan(2 * partitions);
  });

  const treeFile = (name: string, n: number, file: string) =>
    readFileSync(join(pair.stateOf(name), 'proof', topics.session, String(n), file), 'utf8');

  /** For each partition, the offset of the last event that is in this service's tree. */
  const throughOf = (name: string) =>
    Array.from(
      { length: partitions },
      (_, n) => (JSON.parse(treeFile(name, n, 'state.json')) as { through: number }).through,
    );

  const treesOf = (name: string) =>
    Array.from({ length: partitions }, (_, n) => {
      const { origin, size, root } = readCheckpoint(treeFile(name, n, 'checkpoint'))!;
      return { origin, size, root: root.toString('hex') };
    });

  async function expectWhole(): Promise<void> {
    const each = await pair.rows(
      'SELECT count() AS n, max(seq) AS last, uniqExact(seq) AS once FROM weir.session_events GROUP BY session_id',
    );
    expect(each).toEqual(
      Array.from({ length: sessions }, () => ({ n: written, last: written, once: written })),
    );
    const summaries = 'SELECT count() AS sessions FROM weir.session_summary_rows FINAL WHERE events = ';
    await expect
      .poll(() => pair.rows(`${summaries}${written} AND last_seq = ${written}`), patience)
      .toEqual([{ sessions }]);
  }
});
