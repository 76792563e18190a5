import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topics } from '#events';
import { readCheckpoint, splitCheckpoints } from '#proof';
import { findKafka } from '../support/kafka.js';
import { events } from '../support/session-events.js';
import { AuditPair, partitions } from './audit-pair.stage.js';

const peer = await findKafka();
const sessions = 24;
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
    const others = Object.values(topics).length - 1;
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

  it('make one line of each tree, whoever cuts it, and send it to the sink', async () => {
    await write(1);
    await isWhole();
    const sizes = (name: string) =>
      treesOf(name).map(({ origin, size, root }) => `${origin} ${size} ${root}`);
    const total = async (name: string) => treesOf(name).reduce((sum, { size }) => sum + size, 0);
    await expect
      .poll(async () => (await total('one')) === (await total('two')) && sizes('one'), patience)
      .toEqual(sizes('two'));
    expect(sizes('one').length).toBeGreaterThanOrEqual(partitions);
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

  function treesOf(name: string) {
    return Array.from({ length: partitions }, (_, n) => {
      const path = join(pair.stateOf(name), 'proof', topics.session, String(n), 'checkpoint');
      const note = readCheckpoint(readFileSync(path, 'utf8'))!;
      return { origin: note.origin, size: note.size, root: note.root.toString('hex') };
    });
  }

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
