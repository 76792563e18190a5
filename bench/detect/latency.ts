import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAuditReader, connectAuditStore, migrateAuditStore } from '#audit-store';
import { openEmbeddedLog } from '#event-log';
import { topics } from '#events';
import { systemClock } from '#kernel';
import { DetectionEngine } from '../../services/audit/detection/detection.engine.js';
import { defaultSettings } from '../../services/audit/detection/detection.settings.js';
import { loadDetectors, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { FindingDesk } from '../../services/audit/detection/finding.desk.js';
import { Ingest } from '../../services/audit/ingest/ingest.js';
import { sessionOf } from '../../test/support/session-events.js';
import { limits } from './limits.js';

/** Thieves, one after another, and milliseconds between them at most. */
const thieves = 40;
const between = 700;

/**
 * Milliseconds from a statement's record on the log until its finding is there, each once, in order: ingest, features, all
 * detectors, in one process as the audit service has them.
 */
export async function measureLatency(): Promise<number[]> {
  const root = mkdtempSync(join(tmpdir(), 'weir-bench-latency-'));
  const config = { kind: 'embedded', path: join(root, 'audit') } as const;
  const log = openEmbeddedLog({ path: join(root, 'log') });
  const client = connectAuditStore(config);
  await migrateAuditStore(client);
  const [writer, reader] = [connectAuditStore(config), await connectAuditReader(config, limits)];
  const { detectors } = await loadDetectors(reader, [shippedDetectors()], defaultSettings);
  const ingest = new Ingest({ log, client });
  await ingest.start();
  const found = new Map<string, number>();
  const desk = new FindingDesk({
    ...{ log, client: writer, source: 'audit/bench', clock: systemClock },
    onRaised: ({ detector, row }) =>
      detector.id === 'bulk-read' && found.set(row.identity, performance.now()),
  });
  const engine = new DetectionEngine({
    ...{
      store: { writer, reader },
      settings: defaultSettings,
      detectors,
      clock: systemClock,
      raise: desk.raise,
    },
    isCaughtUp: () => Promise.resolve(false),
    onFailure: (_, error) => {
      throw error;
    },
  });
  const stop = new AbortController();
  const sent = new Map<string, number>();
  await engine.round();
  const running = run(engine, stop.signal);
  for (let n = 0; n < thieves; n++) {
    const identity = `corp:thief-${n}`;
    await log.append(
      topics.session,
      sessionOf({ id: `ses_${n}`, identity }, [{ at: Date.now(), rows: 20_000 + n }]),
    );
    sent.set(identity, performance.now());
    await delay(between * ((n * 7) % 10) * 0.1);
  }
  for (let waited = 0; found.size < thieves && waited < 60_000; waited += 50) await delay(50);
  stop.abort();
  await running;
  await ingest.stop();
  for (const each of [client, writer, reader]) await each.close();
  await log.close();
  rmSync(root, { recursive: true, force: true });
  return [...sent].map(([identity, at]) => (found.get(identity) ?? Infinity) - at).sort((a, b) => a - b);
}

/** As services/audit/detection/detection.service.ts has it. */
async function run(engine: DetectionEngine, signal: AbortSignal): Promise<void> {
  for (let pause = 1000; await delay(pause, true, { signal }).catch(() => false);) {
    const begun = performance.now();
    await engine.round();
    pause = Math.min(3000, Math.max(1000, 3 * (performance.now() - begun)));
  }
}
