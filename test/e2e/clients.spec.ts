import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peer } from '../support/peers.js';
import { leaksIn } from './canaries.js';
import { situations, type Situation, type SqlClient } from './clients/client.js';
import { nodePostgres } from './clients/node-postgres.js';
import { perform } from './clients/perform.js';
import { pgbench } from './clients/pgbench.js';
import { psql } from './clients/psql.js';
import { raw } from './clients/raw.js';
import { ClientTable } from './clients/table.js';
import { Stage } from './stage.js';

const clients: readonly SqlClient[] = [
  psql,
  nodePostgres('text'),
  nodePostgres('binary'),
  pgbench('simple'),
  pgbench('extended'),
  pgbench('prepared'),
  raw,
];
const there = peer('postgres') && peer('psql') && peer('pgbench');

describe.skipIf(!there)('clients in front of a real PostgreSQL', () => {
  const table = new ClientTable(clients.map(({ name }) => name));
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.build();
  }, 120_000);
  afterAll(async () => {
    await stage.down();
    if (process.env['WEIR_WRITE_DOCS'] === '1' && table.gaps.length === 0) table.write();
  });
  beforeEach(() => stage.tap.forget());

  for (const client of clients) {
    describe(client.name, () => {
      for (const situation of situations) it(situation, () => measure(client, situation), 60_000);
    });
  }

  async function measure(client: SqlClient, situation: Situation): Promise<void> {
    const why = client.cannot[situation];
    if (why) return table.set(client.name, situation, `not in this client: ${why}`);
    const cell = await perform[situation](client, stage);
    // Whatever the situation: no byte of any message holds a canary, and all of them are whole messages.
    expect(leaksIn(stage.tap.everyByte, stage.canaries)).toEqual([]);
    expect(stage.tap.connections.map(({ frames }) => frames.rest.length).filter((left) => left > 0)).toEqual(
      [],
    );
    table.set(client.name, situation, cell);
  }
});
