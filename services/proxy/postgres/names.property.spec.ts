import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadStatementParser } from '#statement';
import { ModelConnection } from './spec/model-server.js';
import { directly, scripts, throughGate } from './spec/names-script.js';

const lags = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 5), { minLength: 1, maxLength: 20 });
const numRuns = Number(process.env['WEIR_RUNS'] ?? 400);

// What runs is what was judged, for any order of messages, any pipelining, errors anywhere, and answers at any time.
describe('names, whatever a client does with them', () => {
  beforeAll(loadStatementParser);

  it('mean to the gate what they mean to the server', async () => {
    let ran = 0;
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(scripts(40), lags, async (script, lag) => {
        const { seen, gate } = await throughGate(script, new ModelConnection(lag));
        expect(gate.wrong).toEqual([]);
        ran += gate.ran;
        // A reference to what is not there is refused by the gate's own code, and what EXECUTE runs may not be another.
        if (seen.includes('E 42501')) return;
        compared++;
        expect(seen).toEqual(await directly(script, new ModelConnection([0])));
      }),
      { numRuns },
    );
    // Else the test shows nothing.
    expect(ran).toBeGreaterThan(numRuns);
    expect(compared).toBeGreaterThan(numRuns / 10);
  }, 120_000);
});
