import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadStatementParser } from '#statement';
import { connectTarget, type Target } from '../../services/proxy/postgres/target.js';
import { compare, directly, scripts, throughGate } from '../../services/proxy/postgres/spec/names-script.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';

// The same random sessions as beside the code, against the real server.
describe.skipIf(!peer('postgres'))('names, in PostgreSQL itself', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    await loadStatementParser();
    postgres = await startPostgres();
  }, 60_000);
  afterAll(() => postgres.stop());

  const target = (): Promise<Target> =>
    connectTarget({
      name: 'names',
      host: postgres.host,
      port: postgres.port,
      database: postgres.database,
      user: postgres.superuser,
      password: postgres.password,
      tls: 'disable',
      allowPrivileged: true,
      owner: '',
    });

  async function played<T>(play: (target: Target) => Promise<T>): Promise<T> {
    const connection = await target();
    try {
      return await play(connection);
    } finally {
      connection.close();
    }
  }

  it('mean to the gate what they mean to the server', async () => {
    let ran = 0;
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(scripts(40), async (script) => {
        const { seen, gate } = await played(({ stream }) => throughGate(script, stream));
        expect(gate.wrong).toEqual([]);
        ran += gate.ran;
        const direct = await played(({ stream }) => directly(script, stream));
        compared += compare(script, seen, direct);
      }),
      { numRuns: 60 },
    );
    expect(ran).toBeGreaterThan(150);
    expect(compared).toBeGreaterThan(600);
  }, 120_000);
});
