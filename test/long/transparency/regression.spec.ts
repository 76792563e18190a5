import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { regressionDifferences } from './by-design.js';
import { directly, throughTheGate } from './both-ways.js';
import { regressionSuite } from './pg-regress.js';
import { difference, shown, table, unexplained, write } from './suite-report.js';

const suite = await regressionSuite();
if (typeof suite === 'string' && process.env['WEIR_SKIPPED_FILE'])
  appendFileSync(process.env['WEIR_SKIPPED_FILE'], `PostgreSQL's regression suite: ${suite}\n`);

/** WEIR_WRITE_DOCS=1 puts what was measured into docs/postgres.md. */
describe.skipIf(typeof suite === 'string')("PostgreSQL's own regression suite", () => {
  it('prints through the gate what it prints directly, but for what is meant', async () => {
    if (typeof suite === 'string') return;
    const direct = await directly(suite.run);
    const through = await throughTheGate(suite.run);
    expect([...through.keys()].sort()).toEqual([...direct.keys()].sort());
    const found = new Map(
      [...direct].flatMap(([test, output]) =>
        output === through.get(test) ? [] : [[test, difference(output, through.get(test)!)]],
      ),
    );
    expect(unexplained(found, regressionDifferences)).toEqual({ differing: [], stale: [] });
    const said = [
      `${direct.size} test files of ${suite.suite}, on PostgreSQL ${suite.server}: ${direct.size - found.size} print the same, byte by byte; ${found.size} differ, each by design:`,
      '',
      table(regressionDifferences),
    ].join('\n');
    if (process.env['WEIR_WRITE_DOCS'] === '1') write('regression', said);
    else expect(table(regressionDifferences)).toBe(shown('regression').split('\n\n').at(-1));
  });
});
