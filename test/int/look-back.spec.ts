import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { lookBack } from '../../services/audit/history/look.back.js';
import { sessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const hour = 3_600_000;
const midnight = Date.UTC(2026, 9, 14);

it('tells of a gap in a session that goes on after midnight once', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-look-back-'));
  cpSync(join(shippedDetectors(), 'record-gap.sql'), join(folder, 'record-gap.sql'));
  const stage = await DetectionStage.start(midnight + 24 * hour);
  try {
    const times = [-3, -2, -1, 1, 2].map((each) => ({ at: midnight + each * hour }));
    const whole = sessionOf({ id: 'ses_1' }, times);
    await stage.append(whole.filter((_, i) => i !== 3));
    const how = { settings: stage.settings, folders: [folder] };
    const store = { writer: stage.writer, reader: stage.reader, close: () => stage.stop() };
    const days: number[] = [];
    const { findings, ran } = await lookBack(store, how, midnight - 24 * hour, (day) => days.push(day));
    expect(days).toEqual([midnight - 24 * hour, midnight]);
    expect(ran).toHaveLength(1);
    expect(findings.map(({ subject, windowStart }) => [subject, windowStart])).toEqual([
      ['ses_1', midnight - 2 * hour],
    ]);
  } finally {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
