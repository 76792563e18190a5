import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/house.js';
import { findKafka } from '../../support/kafka.js';
import { findKeycloak } from '../../support/keycloak.js';
import { peer } from '../../support/peers.js';
import { ComposeStage } from './compose.stage.js';

const kafka = await findKafka();
const keycloak = await findKeycloak();
const others = [peer('nginx'), peer('postgres'), peer('psql')];

describe.skipIf(!kafka || !keycloak || !('home' in keycloak) || others.includes(undefined))(
  'what docker-compose.yml starts',
  { timeout: 120_000 },
  () => {
    let stage: ComposeStage;
    let agent: string;
    beforeAll(async () => {
      stage = await ComposeStage.set(kafka!, keycloak as { home: string });
      agent = await stage.realm.clientToken('ci-agent', 'agent-secret');
    }, 900_000);
    afterAll(() => stage?.stop(), 60_000);

    const ask = (path: string, init: RequestInit = {}) =>
      fetch(stage.url + path, { ...init, headers: { authorization: `Bearer ${agent}` } });

    it('knows the agent of the seeded realm', async () => {
      expect(await (await ask('/api/identity/me')).json()).toMatchObject({
        kind: 'agent',
        groups: ['agents'],
      });
    });

    it('lets it read the shop, masked, and change nothing unasked', async () => {
      const client = new Client({
        host: '127.0.0.1',
        port: stage.postgresPort,
        user: 'agent',
        database: 'shop',
        password: agent,
      });
      await eventually(() => client.connect().then(() => true), 60_000);
      const { rows } = await client.query('SELECT email, ssn FROM customers ORDER BY id');
      expect(rows).toEqual([
        { email: 'a***@example.com', ssn: '****' },
        { email: 'b***@example.com', ssn: '****' },
      ]);
      await expect(client.query('DROP TABLE orders')).rejects.toMatchObject({ code: '42501' });
      await client.end();
    });

    it.each([
      ['/', 200],
      ['/api/identity/providers', 200],
      ['/api/openapi.json', 200],
      ['/api/approvals', 403],
      ['/api/connections', 403],
      ['/api/policies', 403],
      ['/api/sessions', 403],
      ['/api/journal', 403],
      ['/metrics', 404],
    ])('serves %s through the front: %i', async (path, status) => {
      expect((await ask(path)).status).toBe(status);
    });

    it('ends in order', async () => {
      expect(await stage.leave()).toEqual([0, 0, 0, 0, 0]);
    });
  },
);
