import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadStatementParser } from '#statement';
import { fuzzCodecs, fuzzScanner } from '../long/fuzz/codec.fuzz.js';
import { clientStream, pieces, randomBytes } from '../long/fuzz/messages.arbitrary.js';
import { play } from '../long/fuzz/model-session.js';
import { fuzzStatements } from '../long/fuzz/statements.fuzz.js';

/** A few seconds of what test/long/fuzz does for as long as it is given. */
describe('fuzz, briefly (invariants 1 and 3)', () => {
  // Refusals are made by the thousand here, and their stacks cost more than all else.
  beforeAll(() => void (Error.stackTraceLimit = 0));

  const seed = Number(process.env['WEIR_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

  it('codecs and scanner: any message, any content, any pieces', () => {
    const { messages, taken } = fuzzCodecs(seed, 4_000);
    expect(messages).toBeGreaterThanOrEqual(4_000);
    expect(taken).toBeGreaterThan(0);
    fuzzScanner(seed, 500);
  });

  it('statements: mutated ones are judged, every one of them in time', async () => {
    await loadStatementParser();
    const { judged, allowed, slowestMs } = await fuzzStatements(seed, 400, undefined);
    expect(judged).toBe(400);
    expect(allowed).toBeGreaterThan(10);
    expect(slowestMs).toBeLessThan(5_000);
  }, 60_000);

  it('session: nothing reaches the target that was not decided, recorded and safe', async () => {
    let arrived = 0;
    const property = fc.asyncProperty(clientStream, async ({ bytes, reads }) => {
      const played = await play(pieces(bytes, reads));
      arrived += played.arrived;
      expect(played).toMatchObject({ faults: [], surprises: [] });
    });
    await fc.assert(property, { seed, numRuns: 300 });
    expect(arrived).toBeGreaterThan(500);
  });

  it('session: random bytes', async () => {
    const property = fc.asyncProperty(randomBytes, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), async (bytes, reads) => {
      expect(await play(pieces(bytes, reads))).toMatchObject({ faults: [], surprises: [] });
    });
    await fc.assert(property, { seed, numRuns: 200 });
  }); // prettier-ignore
});
