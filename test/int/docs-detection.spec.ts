import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '#platform';
import { root } from '../support/house.js';
import { DetectionStage } from './detection.stage.js';

const page = readFileSync(join(root, 'docs/detection.md'), 'utf8');
const { pageWithTable } = (await import(join(root, 'deploy/dev/detectors.mjs'))) as {
  pageWithTable(): string;
};
const folder = mkdtempSync(join(tmpdir(), 'weir-detectors-'));
let stage: DetectionStage;
beforeAll(async () => {
  stage = await DetectionStage.start(Date.UTC(2026, 9, 14));
}, 60_000);
afterAll(async () => {
  await stage.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('docs/detection.md', () => {
  it('has the table of what is shipped', () => {
    expect(page, 'node deploy/dev/detectors.mjs writes it anew').toBe(pageWithTable());
  });

  it('shows a detector that is taken, beside the shipped ones', async () => {
    const [, text = ''] = /^```sql\n(-- id:[^]*?)^```$/m.exec(page) ?? [];
    writeFileSync(join(folder, 'night-copy.sql'), text);
    const { detectors, refused } = await stage.detectors([join(root, 'detectors'), folder]);
    expect([...refused.values()]).toEqual([]);
    expect(detectors.at(-1)?.id).toBe('night-copy');
    await stage.engine(detectors).round();
    expect(stage.failures).toEqual([]);
  });

  it('shows a configuration that is taken', () => {
    const [, text = ''] = /^```yaml\n([^]*?)^```$/m.exec(page) ?? [];
    expect(parseConfig(text, '/etc/weir.yaml', '/state').detection).toMatchObject({
      calendar: { timezone: 'Europe/Berlin', hours: '7-19', holidays: ['2026-12-25'] },
      detectors: '/etc/our-detectors',
    });
  });
});
