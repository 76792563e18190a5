import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { topics } from '#events';
import type { ClickHouseClient } from '#audit-store';
import { AUDIT_WRITER } from '../../services/audit/audit.tokens.js';
import { hour, lifted, quarantined, raised, triaged } from '../../libs/domain/finding.specimen.js';
import { ProofStage } from './proof.stage.js';

vi.setConfig({ testTimeout: 60_000 });

let stage: ProofStage;
beforeAll(async () => {
  stage = await ProofStage.open(
    'audit: { proof: { interval: 50, sink: "file:outside/checkpoints" } }\ndetection: { enabled: false }',
  );
});
afterAll(() => stage.close());

const anchored = ['--against', 'outside/checkpoints', '--key', 'proof/keys'];

it('findings and what people said of them are proven like all else; one that is made milder is found', async () => {
  const from = Date.now() - hour;
  await stage.append(
    [raised('f1', { from, measures: { rows: 7 } }), triaged('f1', 'open'), quarantined('blocked'), lifted()],
    topics.finding,
  );
  await stage.cover();
  const honest = await stage.weir('verify', ...anchored);
  expect(honest).toMatchObject({ code: 0, err: [] });
  expect(honest.out.at(-1)).toMatch(/control events: nothing found$/);
  await stage.get<ClickHouseClient>(AUDIT_WRITER).command({
    query: `ALTER TABLE weir.control_event_rows UPDATE decision = 'low' WHERE type = 'FindingRaised' SETTINGS mutations_sync = 2`,
  });
  const changed = await stage.weir('verify', ...anchored);
  expect(changed.code).toBe(1);
  expect(changed.out.join('\n')).toContain('decision');
});
