import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PolicyState } from '#domain';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { topics } from '#events';
import { systemClock, type Principal } from '#kernel';
import { logFoldError } from '#platform';
import { PolicyModule } from '../../services/policy/index.js';
import { eventually } from '../support/house.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';

const operator: Principal = {
  ...{ id: 'corp:olga', issuer: 'corp', subject: 'olga', kind: 'person', groups: ['platform'] },
};
const facts = { protocol: 'postgres', database: 'd', user: 'u' };
const rounds = Array.from({ length: 25 }, (_, i) => i);
const yaml = 'identity: { roles: { operator: [platform] } }\npolicies: api\n';

describe('two policy services on one log, at the same instant', { timeout: 90_000 }, () => {
  let folder: ReturnType<typeof specFolder>;
  let log: EventLog;
  let houses: House[];
  beforeEach(async () => {
    folder = specFolder();
    log = openEmbeddedLog({ path: join(folder.path, 'log') });
    const config = specConfig(folder.path, yaml);
    const open = () =>
      openHouse({ module: PolicyModule, log, clock: systemClock, people: [operator], config });
    houses = [await open(), await open()];
  });
  afterEach(async () => {
    for (const house of houses) await house.close();
    await log.close();
    folder.remove();
  });

  /** Four writers, two at each. */
  const atOnce = (method: string, path: string, body: (writer: number) => object) =>
    Promise.all([0, 1, 2, 3].map((writer) => houses[writer % 2]!.call('olga', method, path, body(writer))));
  const statuses = (answers: readonly { readonly status: number }[]) =>
    answers.map(({ status }) => status).toSorted();

  /** As any third one folds it. */
  async function state(): Promise<PolicyState> {
    const fold = new PolicyState(logFoldError);
    const events = await log.read({ topic: topics.policy, partition: 0, offset: -1 }, 10_000);
    for (const event of events) fold.apply(event);
    return fold;
  }

  it('make a connection once: the others hear of it, and what they brought along is gone', async () => {
    for (const round of rounds) {
      const name = `orders${round}`;
      const answers = await atOnce('POST', '/connections', (writer) => ({
        ...{ ...facts, name, host: `host-${writer}`, password: `password-${writer}` },
      }));
      expect(statuses(answers)).toEqual([201, 409, 409, 409]);
      const winner = answers.findIndex(({ status }) => status === 201);
      expect((await state()).connections.get(name)?.connection.host).toBe(`host-${winner}`);
      for (const house of houses) {
        const seen = await house.call('olga', 'GET', `/connections/${name}`);
        expect(seen.body['host']).toBe(`host-${winner}`);
      }
    }
    expect(readdirSync(join(folder.path, 'state/secrets'))).toHaveLength(rounds.length);
  });

  it('change and remove what they have seen, and nothing newer', async () => {
    await houses[0]!.call('olga', 'POST', '/connections', { ...facts, name: 'orders', host: 'first' });
    await eventually(
      async () => (await houses[1]!.call('olga', 'GET', '/connections/orders')).status === 200,
    );
    let kept = 'first';
    let lost = 0;
    for (const round of rounds) {
      const answers = await atOnce('PUT', '/connections/orders', (writer) => ({
        ...{ ...facts, host: `host-${round}-${writer}` },
      }));
      const counted = answers.flatMap(({ status }, writer) =>
        status === 200 ? [`host-${round}-${writer}`] : [],
      );
      expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
      expect(counted.length).toBeGreaterThan(0);
      lost += answers.length - counted.length;
      const host = (await state()).connections.get('orders')!.connection.host;
      // Whoever was told that theirs counts was the last, or was replaced by one that had seen it.
      expect(counted).toContain(host);
      expect(host).not.toBe(kept);
      kept = host;
    }
    expect(lost).toBeGreaterThan(0);
    const removals = await atOnce('DELETE', '/connections/orders', () => ({}));
    expect(removals.filter(({ status }) => status < 300)).toHaveLength(1);
    expect((await state()).connections.size).toBe(0);
  });

  it('publish one set of policies after another, none unseen', async () => {
    let published = 0;
    for (const round of rounds) {
      const answers = await atOnce('POST', '/policies', (writer) => ({
        files: [{ name: 'a.cedar', text: `// ${round} ${writer}\npermit (principal, action, resource);` }],
      }));
      expect(answers.filter(({ status }) => status >= 300 && status !== 409)).toEqual([]);
      published += answers.filter(({ status }) => status < 300).length;
    }
    expect(published).toBeGreaterThanOrEqual(rounds.length);
    expect(published).toBeLessThan(4 * rounds.length);
    const { version } = (await state()).policies!;
    for (const house of houses)
      await eventually(
        async () => (await house.call('olga', 'GET', '/policies')).body['version'] === version,
      );
  });
});
