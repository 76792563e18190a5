import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DashboardStage } from '../int/dashboards.stage.js';
import { buildClickHouseGo } from '../support/clickhouse-go.js';
import { everything, expanded, queries } from '../support/dashboard-files.js';
import { run } from '../support/house.js';
import { peer } from '../support/peers.js';

const go = peer('go');

// What Grafana's data source talks through: clickhouse-go over HTTP, in Native, each value scanned as its column's type.
describe.skipIf(!go)('clickhouse-go', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-dashboards-go-'));
  const program = join(folder, 'ask');
  let stage: DashboardStage;

  beforeAll(async () => {
    [stage] = await Promise.all([DashboardStage.set(), buildClickHouseGo(go!.program, program)]);
  }, 600_000);
  afterAll(async () => {
    await stage?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads the answer to every query of a dashboard', async () => {
    const file = join(folder, 'queries');
    const asked = queries();
    const lines = asked.map((each) => JSON.stringify(expanded(each, everything)));
    writeFileSync(file, lines.join('\n'));
    const { code, stdout, stderr } = await run(program, [stage.address, 'ok-auditors', file]);
    expect([code, stderr]).toEqual([0, '']);
    const said = stdout.trim().split('\n');
    expect(said).toHaveLength(asked.length);
    const wrong = asked.flatMap(({ where }, i) =>
      /^[1-9]\d*$/.test(said[i] ?? '') ? [] : [`${where}: ${said[i]}`],
    );
    expect(wrong).toEqual([]);
  }, 120_000);
});
