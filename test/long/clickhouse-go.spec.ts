import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicTables } from '#audit-store';
import { buildClickHouseGo } from '../support/clickhouse-go.js';
import { run } from '../support/house.js';
import { peer } from '../support/peers.js';
import { startClickHouseHouse, type ClickHouseHouse } from '../int/clickhouse.house.js';

const go = peer('go');

// Grafana's data source is clickhouse-go over HTTP with gzip: test/support/clickhouse-go asks what it asks.
describe.skipIf(!go)('clickhouse-go', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-clickhouse-go-'));
  const program = join(folder, 'ask');
  let house: ClickHouseHouse;

  beforeAll(async () => {
    [house] = await Promise.all([startClickHouseHouse(), buildClickHouseGo(go!.program, program)]);
  }, 600_000);
  afterAll(async () => {
    await house.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads over HTTP, in Native, whatever the compression', async () => {
    const { code, stdout, stderr } = await run(program, [new URL(house.url).host, 'ok-auditors']);
    expect([code, stderr]).toEqual([0, '']);
    const version = expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string;
    expect(JSON.parse(stdout)).toEqual({
      plain: version,
      gzip: version,
      br: version,
      statements: [
        ['2026-01-02T03:04:05Z', 'corp:ana', 'allow', 10, ['public.a'], { email: 5 }, true],
        ['2026-01-02T03:04:05Z', 'corp:ana', 'allow', 7, ['public.b'], {}, true],
        ['2026-01-02T04:04:05Z', 'corp:bot', 'deny', 0, [], {}, true],
      ],
      databases: 2,
      tables: publicTables.length,
      columns: expect.any(Number) as number,
      describe: 23,
      none: 0,
      functions: expect.any(Number) as number,
      parameter: "corp:b'ot\\",
      big: [9999, 9998],
      exception: [497, expect.any(String)],
      wrong: expect.stringContaining('the token is not valid') as string,
    });
  });
});
