import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadStatementParser } from '#statement';
import { schema } from '../../../libs/statement/testing/customers.js';
import { peer, startPostgres, type PostgresServer } from '../../support/peers.js';
import { fuzzCodecs, fuzzScanner } from './codec.fuzz.js';
import { clientStream, pieces, randomBytes } from './messages.arbitrary.js';
import { play } from './model-session.js';
import { fuzzStatements } from './statements.fuzz.js';

/*
 * WEIR_FUZZ_SECONDS: how long each part runs; WEIR_FUZZ_SEED: where it begins. A failure names the seed that makes it again.
 */
const seconds = Number(process.env['WEIR_FUZZ_SECONDS'] ?? 300);
const first = Number(process.env['WEIR_FUZZ_SEED'] ?? Date.now() % 2 ** 30);

/** Runs `work` with one seed after the other until the time is up; prints what it did. */
async function fuzz(what: string, work: (seed: number) => Promise<number> | number): Promise<number> {
  const began = performance.now();
  let done = 0;
  for (let seed = first; performance.now() - began < seconds * 1000; seed++) {
    done += await work(seed);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const each = (performance.now() - began) / 1000;
  console.info(`${what}: ${done} in ${each.toFixed(0)} s, ${(done / each).toFixed(0)}/s, from seed ${first}`);
  return done;
}

describe('fuzz', () => {
  beforeAll(() => void (Error.stackTraceLimit = 0));

  it('messages, scanned and read by every reader', async () => {
    expect(
      await fuzz('messages through scanner and readers', (seed) => fuzzCodecs(seed, 10_000).messages),
    ).toBeGreaterThan(0);
  });

  it('random bytes, scanned', async () => {
    await fuzz('messages that random bytes held', (seed) => fuzzScanner(seed, 1_000));
  });

  it('sessions: nothing reaches the target that was not decided, recorded and safe', async () => {
    let unsettled = 0;
    const arrived = await fuzz('messages that reached the model target', async (seed) => {
      let sum = 0;
      const property = fc.asyncProperty(clientStream, async ({ bytes, reads }) => {
        const played = await play(pieces(bytes, reads));
        expect(played).toMatchObject({ faults: [], surprises: [] });
        sum += played.arrived;
        if (!played.settled) unsettled++;
      });
      await fc.assert(property, { seed, numRuns: 100 });
      const random = fc.asyncProperty(randomBytes, async (bytes) => {
        expect(await play([bytes])).toMatchObject({ faults: [], surprises: [] });
      });
      await fc.assert(random, { seed, numRuns: 20 });
      return sum;
    });
    console.info(`streams that waited for the rest of a message: ${unsettled}`);
    expect(arrived).toBeGreaterThan(0);
  });
});

describe.skipIf(!peer('postgres'))('fuzz of statements, with a real server', () => {
  let postgres: PostgresServer;
  let server: pg.Client;
  beforeAll(async () => {
    Error.stackTraceLimit = 0;
    await loadStatementParser();
    postgres = await startPostgres({ auth: 'trust' });
    const { host, port, superuser: user, database } = postgres;
    server = new pg.Client({ host, port, user, database });
    await server.connect();
    await server.query(schema);
    await server.query(`CREATE ROLE reader; GRANT ALL ON ALL TABLES IN SCHEMA public TO reader; CREATE SEQUENCE s;
      GRANT ALL ON s TO reader; SET ROLE reader; SET statement_timeout = 500`);
  });
  afterAll(async () => {
    await server.end();
    await postgres.stop();
  });

  it('what was allowed as a read, the server does not call a write', async () => {
    const tally = { judged: 0, allowed: 0, sent: 0, ran: 0, slowestMs: 0 };
    await fuzz('statements judged', async (seed) => {
      const { faults, ...round } = await fuzzStatements(seed, 1_000, server);
      expect(faults).toEqual([]);
      tally.judged += round.judged;
      tally.allowed += round.allowed;
      tally.sent += round.sent;
      tally.ran += round.ran;
      tally.slowestMs = Math.max(tally.slowestMs, round.slowestMs);
      return round.judged;
    });
    console.info(JSON.stringify(tally));
    expect(tally.ran).toBeGreaterThan(0);
  });
});
