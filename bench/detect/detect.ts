import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectAuditReader,
  connectAuditStore,
  migrateAuditStore,
  type ClickHouseClient,
} from '#audit-store';
import { systemClock } from '#kernel';
import { DetectionEngine } from '../../services/audit/detection/detection.engine.js';
import { defaultSettings } from '../../services/audit/detection/detection.settings.js';
import { loadDetectors, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { machine, say, writeJson } from '../report.js';
import { seedHistory } from './history.js';
import { measureLatency } from './latency.js';
import { limits } from './limits.js';

// `npm run bench -- detect [--quick]`: what detection costs per million events, and what a round costs on top of ever more history.

/** Of a round: as many as a second of a busy house brings. */
const fresh = 2000;
const rounds = 5;
/** The history's days; what is fresh comes in the hour after them. */
const days = 40;

interface Measured {
  readonly history: number;
  /** Seconds per million events, from stored to worked in. */
  readonly backlogPerMillion: number;
  /** Milliseconds, of a clock and of processors: the median of some rounds with fresh events, and one with none. */
  readonly round: Timed;
  readonly idle: Timed;
  /** The first round of a day makes its baselines. */
  readonly first: Timed;
}

export async function detect(args: readonly string[]): Promise<void> {
  const histories = args.includes('--quick')
    ? [100_000, 1_000_000]
    : [100_000, 1_000_000, 5_000_000, 20_000_000];
  const measured: Measured[] = [];
  for (const history of histories) {
    measured.push(await measure(history));
    const { backlogPerMillion, round, idle, first } = measured.at(-1)!;
    say(
      `${(history / 1e6).toFixed(1)} M events of history: round with ${fresh} fresh events ${said(round)}, ` +
        `idle ${said(idle)}, first of a day ${said(first)}; backlog ${backlogPerMillion} s of processors per million`,
    );
  }
  const latencies = await measureLatency();
  const at = (share: number) => Math.round(latencies[Math.ceil(latencies.length * share) - 1] ?? Infinity);
  say(`record on the log to finding on the log: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, slowest ${at(1)} ms`);
  say(`In numbers: ${writeJson({ machine: machine(), fresh, measured, latencies })}`);
}

async function measure(history: number): Promise<Measured> {
  const root = mkdtempSync(join(tmpdir(), 'weir-bench-detect-'));
  const config = { kind: 'embedded', path: join(root, 'audit') } as const;
  const writer = connectAuditStore(config);
  await migrateAuditStore(writer);
  const reader = await connectAuditReader(config, limits);
  try {
    return await measureOn(writer, reader, history);
  } finally {
    await reader.close();
    await writer.close();
    rmSync(root, { recursive: true, force: true });
  }
}

async function measureOn(
  writer: ClickHouseClient,
  reader: ClickHouseClient,
  history: number,
): Promise<Measured> {
  const to = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
  let offset = await seedHistory(writer, { events: history, days, to, offset: 0, stored: 'then' });
  const { detectors, refused } = await loadDetectors(reader, [shippedDetectors()], defaultSettings);
  if (refused.size > 0) throw new Error([...refused.values()].join('\n'));
  const engine = new DetectionEngine({
    ...{ store: { writer, reader }, settings: defaultSettings, detectors, clock: systemClock },
    raise: () => Promise.resolve(),
    isCaughtUp: () => Promise.resolve(true),
    onFailure: ({ id }, error) => say(`${id}: ${String(error)}`),
  });
  const backlog = await timed(async () => {
    while ((await engine.round()) > 0);
  });
  const times: Timed[] = [];
  for (let n = 0; n <= rounds; n++) {
    // Fresh ones are of the hour that goes on, and stored now.
    const at = to + 1_800_000 + n * 60_000;
    offset = await seedHistory(writer, { events: fresh, days: 1 / 1440, to: at, offset, stored: 'now' });
    times.push(await timed(() => engine.round()));
  }
  const [first = zero, ...others] = times;
  const round = others.sort((a, b) => a.cpu - b.cpu)[Math.floor(rounds / 2)] ?? zero;
  const idle = await timed(() => engine.round());
  return {
    history,
    round,
    idle,
    first,
    backlogPerMillion: Math.round(backlog.cpu / (history / 1e6) / 100) / 10,
  };
}

interface Timed {
  readonly wall: number;
  readonly cpu: number;
}

const zero: Timed = { wall: 0, cpu: 0 };
const said = ({ wall, cpu }: Timed): string => `${wall} ms (${cpu} of processors)`;

async function timed(run: () => Promise<unknown>): Promise<Timed> {
  const [begun, before] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(before);
  return { wall: Math.round(performance.now() - begun), cpu: Math.round((user + system) / 1000) };
}
