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
import { measureHouse } from './idle.js';
import { measureLatency, type Latency } from './latency.js';
import { limits } from './limits.js';

// `npm run bench -- detect [--quick] [--cost [--millions 1,20] | --latency | --idle]`: what detection costs, on top of ever more history, and how long
// it takes in a whole house; all of it unless one is named.

/** Of a round: as many as a second of a busy house brings. */
const fresh = 2000;
const rounds = 7;
/** The history's days; what is fresh comes in the hour after them. */
const days = 40;

interface Measured {
  readonly history: number;
  /** Seconds of processors per million events, from stored to worked in. */
  readonly backlogPerMillion: number;
  /** The median of some rounds with fresh events; of which features are; and one with none. */
  readonly round: Timed;
  readonly idle: Timed;
  /** The first round of a day makes its baselines. */
  readonly first: Timed;
}

export async function detect(args: readonly string[]): Promise<void> {
  const isAsked = (part: string) => args.includes(part) || !args.some((arg) => parts.includes(arg));
  const { load } = machine();
  say(`load average ${load.map((value) => value.toFixed(1)).join(' ')}`);
  const measured = isAsked('--cost') ? await measureCosts(historiesOf(args)) : [];
  const latencies = isAsked('--latency')
    ? await measureLatency(args.includes('--quick') ? 10 : Infinity)
    : [];
  if (latencies.length > 0) sayLatencies(latencies);
  const houses = isAsked('--idle') ? [await measureHouse(true), await measureHouse(false)] : [];
  for (const [i, { start, idle }] of houses.entries())
    say(
      `a house with detection ${i === 0 ? 'on' : 'off'}: ready after ${start.wall.toFixed(1)} s (${start.cpu.toFixed(1)} s of processors), ` +
        `idle ${idle.toFixed(2)} s of processors a minute`,
    );
  say(`In numbers: ${writeJson({ fresh, measured, latencies, houses, loadAfter: machine().load })}`);
}

const parts = ['--cost', '--latency', '--idle'];

function sayLatencies(latencies: readonly Latency[]): void {
  const columns = { logged: 'its record on the log', stored: 'in the store', found: 'finding on the log' };
  const ways = {
    ...columns,
    refused: 'next statement refused',
    processor: 'processor time of the house until it was found',
  };
  say(`from a statement's answer at the client, ${latencies.length} times, milliseconds:`);
  for (const [key, name] of Object.entries(ways) as [keyof typeof ways, string][]) {
    const sorted = latencies.map((each) => each[key]).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1];
    say(`  ${name}: p50 ${at(0.5)}, p95 ${at(0.95)}, slowest ${at(1)}`);
  }
}

/** Events: those that `--millions 1,20` names. */
function historiesOf(args: readonly string[]): number[] {
  const at = args.indexOf('--millions');
  if (at >= 0) return (args[at + 1] ?? '').split(',').map((millions) => Number(millions) * 1e6);
  return args.includes('--quick') ? [100_000, 1_000_000] : [1_000_000, 5_000_000, 20_000_000];
}

async function measureCosts(histories: readonly number[]): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const history of histories) {
    const each = await measure(history);
    measured.push(each);
    say(
      `${history / 1e6} M events of history: round with ${fresh} fresh events ${said(each.round)}, idle ${said(each.idle)}, ` +
        `first of a day ${said(each.first)}; backlog ${each.backlogPerMillion} s of processors per million`,
    );
  }
  return measured;
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
    log: { ends: () => Promise.resolve([]), isStored: () => Promise.resolve(true) },
    onFailure: ({ id }, error) => say(`${id}: ${String(error)}`),
  });
  const backlog = await timed(async () => {
    while ((await engine.round()) > 0);
  });
  const times: Timed[] = [];
  await writer.command({ query: 'TRUNCATE TABLE weir.baseline_rows' });
  engine.forget();
  for (let n = 0; n <= rounds; n++) {
    // Fresh ones are of the hour that goes on, and stored now.
    const at = to + 1_800_000 + n * 60_000;
    offset = await seedHistory(writer, { events: fresh, days: 1 / 1440, to: at, offset, stored: 'now' });
    times.push(await timed(() => engine.round()));
  }
  const [first = zero, ...others] = times;
  const round = others.sort((a, b) => a.cpu - b.cpu)[Math.floor(rounds / 2)] ?? zero;
  const idle = await timed(() => engine.round());
  const backlogPerMillion = Math.round(backlog.cpu / (history / 1e6) / 100) / 10;
  return { history, round, idle, first, backlogPerMillion };
}

interface Timed {
  /** Milliseconds: of a clock, and of processors. */
  readonly wall: number;
  readonly cpu: number;
  /** The process at its largest meanwhile, store included. MiB. */
  readonly memory: number;
}

const zero: Timed = { wall: 0, cpu: 0, memory: 0 };
const said = ({ wall, cpu, memory }: Timed): string => `${wall} ms (${cpu} of processors, ${memory} MiB)`;

async function timed(run: () => Promise<unknown>): Promise<Timed> {
  let memory = 0;
  const look = () => (memory = Math.max(memory, process.memoryUsage.rss()));
  const looking = setInterval(look, 20);
  const [begun, before] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(before);
  clearInterval(looking);
  look();
  const wall = Math.round(performance.now() - begun);
  return { wall, cpu: Math.round((user + system) / 1000), memory: Math.round(memory / (1 << 20)) };
}
