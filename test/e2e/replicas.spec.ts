import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/house.js';
import { findKafka } from '../support/kafka.js';
import { peer } from '../support/peers.js';
import type { Apart } from '../support/apart.js';
import { ApartStage } from './apart.stage.js';

const kafkaPeer = await findKafka();
/** Held statements; of each three are approved and one is denied, in turn. */
const asked = 50;
const ids = Array.from({ length: asked }, (_, i) => i + 1);
const change = (id: number) => `update orders set changed = changed + 1 where id = ${id}`;

describe.skipIf(!kafkaPeer || !peer('postgres'))('two of each service', { timeout: 240_000 }, () => {
  let stage: ApartStage;
  let apart: Apart;
  const open: pg.Client[] = [];
  beforeAll(async () => {
    stage = await ApartStage.build(kafkaPeer!);
    ({ apart } = stage);
    // At once: what is made on first start is made by whoever is first.
    await apart.start('identity', 'identity-2', 'policy', 'policy-2', 'approval', 'approval-2');
    await apart.start('proxy', 'proxy-2', 'audit');
  }, 240_000);
  afterAll(async () => {
    await Promise.all(open.map((client) => client.end().catch(() => undefined)));
    await stage?.down();
  });

  async function sessions(proxy: string, count: number): Promise<pg.Client[]> {
    const made = Array.from({ length: count }, async () => {
      const client = new pg.Client(await apart.client(proxy, 'orders'));
      client.on('error', () => undefined);
      await client.connect();
      open.push(client);
      return client;
    });
    return Promise.all(made);
  }

  /** In a transaction nothing waits. True: it was done. */
  async function tried(client: pg.Client, id: number): Promise<boolean> {
    await client.query('begin');
    try {
      await client.query(change(id));
      await client.query('commit');
      return true;
    } catch (error) {
      await client.query('rollback');
      if ((error as { code?: string }).code !== 'WK001') throw error;
      return false;
    }
  }

  /** Each session does its share, all of them at once. */
  const shared = <T>(clients: readonly pg.Client[], work: (client: pg.Client, id: number) => Promise<T>) =>
    Promise.all(
      clients.map(async (client, n) => {
        const done: T[] = [];
        // From another one each: else they would go in step.
        for (const id of ids) done.push(await work(client, ((id + n * 7) % asked) + 1));
        return done;
      }),
    );

  type Listed = { approvals: { id: string; status: string; statement: { text: string } }[] };
  const listed = (approval: string) =>
    apart.json<Listed>(approval, 'approver', '/api/approvals?status=all&limit=500');

  it('make one set of keys and know the same sets', async () => {
    expect(readdirSync(join(apart.dir, 'shared/keys')).toSorted()).toEqual(
      expect.arrayContaining(['binding.key', 'lookups.key', 'pages.key', 'pseudonym.key']),
    );
    const published = await Promise.all(
      ['policy', 'policy-2'].map((name) =>
        apart.json<{ version: string }>(name, 'operator', '/api/policies'),
      ),
    );
    expect(published[0]).toEqual(published[1]);
    const both = await Promise.all(
      ['policy', 'policy-2'].map((name) => apart.json<unknown>(name, 'operator', '/api/connections')),
    );
    expect(both[0]).toEqual(both[1]);
    // The same column is masked by the same pseudonym, wherever one connects.
    const masked = await Promise.all(
      ['proxy', 'proxy-2'].map(async (name) => {
        const [client] = await sessions(name, 1);
        return (await client!.query<object>('select email from customers order by id limit 3')).rows;
      }),
    );
    expect(masked[0]).toEqual(masked[1]);
  });

  it('count each of hundreds of decisions and uses at once exactly once', async () => {
    const clients = (await Promise.all([sessions('proxy', 4), sessions('proxy-2', 4)])).flat();
    for (const id of ids) expect(await tried(clients[id % 8]!, id)).toBe(false);
    let waiting: Listed['approvals'] = [];
    await eventually(async () => {
      waiting = (await listed('approval-2')).approvals;
      return waiting.length >= asked;
    });
    const token = await apart.token('approver');
    const answers = await Promise.all(
      waiting.flatMap(({ id }, n) =>
        ['approval', 'approval-2', 'approval', 'approval-2'].map(async (name, i) => {
          const decision = (n + i) % 4 === 0 ? 'deny' : 'approve';
          const answer = await fetch(`${apart.of(name).url}/api/approvals/${id}/decision`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
            body: JSON.stringify({ decision, reason: 'seen' }),
          });
          return { id, decision, status: answer.status };
        }),
      ),
    );
    expect(answers.length).toBe(4 * asked);
    expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
    const counted = answers.filter(({ status }) => status === 200);
    expect(new Set(counted.map(({ id }) => id)).size).toBe(asked);
    expect(counted.length).toBe(asked);

    const states = await Promise.all(['approval', 'approval-2'].map(listed));
    const known = states.map(({ approvals }) =>
      approvals.map(({ id, status }) => `${id} ${status}`).toSorted(),
    );
    expect(known[0]).toEqual(known[1]);
    const approved = new Set(counted.filter(({ decision }) => decision === 'approve').map(({ id }) => id));
    expect(approved.size).toBeGreaterThan(0);
    expect(approved.size).toBeLessThan(asked);

    // 400 uses of what was approved, by both proxies at once.
    const done = (await shared(clients, tried)).flat().filter(Boolean).length;
    expect(done).toBe(approved.size);
    const rows = await stage.rows<{ changed: number; n: number }>(
      'select changed, count(*)::int as n from orders group by changed order by changed',
    );
    expect(rows).toEqual([
      { changed: 0, n: 200 - approved.size },
      { changed: 1, n: approved.size },
    ]);
  });
});
