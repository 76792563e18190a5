import { appendFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { peer } from '../../support/peers.js';
import { nodePostgresDifferences } from './by-design.js';
import { directly, throughTheGate } from './both-ways.js';
import { nodePostgresSuite } from './node-postgres.js';
import { shown, table, unexplained, write } from './suite-report.js';

const suite = peer('postgres') ? await nodePostgresSuite() : 'postgres is not on this machine';
if (typeof suite === 'string' && process.env['WEIR_SKIPPED_FILE'])
  appendFileSync(process.env['WEIR_SKIPPED_FILE'], `node-postgres's test-suite: ${suite}\n`);

describe.skipIf(typeof suite === 'string')("node-postgres's own integration tests", () => {
  afterAll(() => {
    if (typeof suite !== 'string') suite.clean();
  });

  it('pass through the gate where they pass directly, but for what is meant', async () => {
    if (typeof suite === 'string') return;
    const direct = await directly(suite.run);
    const through = await throughTheGate(suite.run);
    const passing = [...direct].filter(([, failure]) => failure === '').map(([file]) => file);
    const failing = new Map(
      passing.map((file) => [file, through.get(file)!] as const).filter(([, f]) => f !== ''),
    );
    expect(unexplained(failing, nodePostgresDifferences)).toEqual({ differing: [], stale: [] });
    const said = [
      `${direct.size} test files of node-postgres ${suite.version}: ${passing.length} pass directly, ${passing.length - failing.size} of these through the gate; ${failing.size} by design not:`,
      '',
      table(nodePostgresDifferences),
    ].join('\n');
    if (process.env['WEIR_WRITE_DOCS'] === '1') write('node-postgres', said);
    else expect(table(nodePostgresDifferences)).toBe(shown('node-postgres').split('\n\n').at(-1));
  });
});
