import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadStatementParser } from '#statement';
import { ModelConnection } from './spec/model-connection.js';
import { compare, directly, scripts, throughGate, written, type Line } from './spec/names-script.js';

const { query, parse, bind, execute, closeStatement, sync } = written;
const select = (value: string) => `SELECT '${value}' AS v FROM generate_series(1, 3)`;

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
        compared += compare(script, seen, await directly(script, new ModelConnection([0])));
      }),
      { numRuns },
    );
    // Else the test shows nothing.
    expect(ran).toBeGreaterThan(numRuns * 4);
    expect(compared).toBeGreaterThan(numRuns * 10);
  }, 120_000);

  it.each<[string, Line[]]>([
    [
      'what SQL prepared runs after its name means another thing',
      [
        ...[query('BEGIN'), query(`PREPARE s AS ${select('old')}`), bind('p', 's')],
        ...[closeStatement('s'), parse('s', select('new')), execute('p')],
        ...[bind('', 's'), execute(''), sync(), bind('', 's'), execute(''), sync()],
      ],
    ],
    [
      'EXECUTE runs a Parse’s DEALLOCATE and PREPARE',
      [
        ...[
          parse('t', select('old')),
          parse('gone', 'DEALLOCATE t'),
          parse('made', `PREPARE t AS ${select('new')}`),
        ],
        ...[
          sync(),
          query('EXECUTE gone'),
          query('EXECUTE made'),
          query('EXECUTE t'),
          bind('', 't'),
          execute(''),
        ],
      ],
    ],
    [
      'a portal outlives its statement',
      [
        ...[
          query('BEGIN'),
          parse('s', select('old')),
          bind('p', 's'),
          closeStatement('s'),
          parse('s', select('new')),
        ],
        ...[execute('p'), bind('', 's'), execute(''), sync()],
      ],
    ],
  ])('%s', async (_, script) => {
    const { gate } = await throughGate(script, new ModelConnection([0]));
    expect(gate.wrong).toEqual([]);
  });
});
