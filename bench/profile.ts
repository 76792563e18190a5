import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgbench } from './pgbench.js';
import { rawRead } from './raw-read.js';
import { columns, say } from './report.js';
import { setStage, type Stage } from './stage.js';
import { classified, maskedByColumn } from './workload.js';

const shownFrames = 25;
const seconds = 10;

const workloads: readonly { readonly name: string; readonly run: (stage: Stage) => Promise<unknown> }[] = [
  {
    name: 'pgbench -S -M prepared, 8 clients',
    run: ({ weirkeeper }) => pgbench(weirkeeper, { clients: 8, seconds }),
  },
  {
    name: '500,000 rows, two columns masked by column, 10 times',
    run: (stage) => tenTimes(stage, maskedByColumn.text),
  },
  {
    name: '500,000 rows, classifiers on every text column too, 10 times',
    run: (stage) => tenTimes(stage, classified.text),
  },
];

/** Prints, for each workload, the functions of the gate's process in which the processor's time goes. */
export async function profile(): Promise<void> {
  for (const workload of workloads) {
    say(`\nprofiling ${workload.name} …`);
    const folder = mkdtempSync(join(tmpdir(), 'weir-profile-'));
    try {
      print(await profileOne(workload.run, folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

async function profileOne(run: (stage: Stage) => Promise<unknown>, folder: string): Promise<Frame[]> {
  // The profile's clock starts with the process; the stage takes its time before that.
  const stage = await setStage(10, ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
  try {
    await run(stage); // warm
    const { pid } = stage.house;
    const window = { from: uptimeOf(pid), to: 0 };
    await run(stage);
    window.to = uptimeOf(pid);
    await stage.house.kill('SIGTERM');
    return framesOf(folder, pid, window);
  } finally {
    await stage.stop();
  }
}

async function tenTimes({ weirkeeper }: Stage, text: string): Promise<void> {
  for (let i = 0; i < 10; i++) await rawRead(weirkeeper, text);
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly name: string;
  /** Of the time in which the process was not idle. */
  readonly share: number;
}

interface Window {
  /** Seconds of the process's life. */
  readonly from: number;
  readonly to: number;
}

/* CPU.<date>.<time>.<pid>.<thread>.<n>.cpuprofile */
function framesOf(folder: string, pid: number, { from, to }: Window): Frame[] {
  const file = readdirSync(folder).find((name) => name.includes(`.${pid}.0.`));
  if (!file) throw new Error(`the gate's process left no profile: ${readdirSync(folder).join(', ')}`);
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const self = new Map<string, number>();
  let [at, busy] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    const delta = timeDeltas[i] ?? 0;
    at += delta;
    const name = names.get(sample) ?? '';
    if (at < from * 1e6 || at > to * 1e6 || name === '(idle)') continue;
    busy += delta;
    self.set(name, (self.get(name) ?? 0) + delta);
  }
  return [...self].map(([name, time]) => ({ name, share: time / busy })).sort((a, b) => b.share - a.share);
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (functionName.startsWith('(')) return functionName;
  const place = url.replace(/^.*\/(dist|node_modules)\//, '').replace(/^file:\/\//, '');
  return `${functionName || '(anonymous)'}  ${place || '(native)'}${place ? `:${lineNumber + 1}` : ''}`;
}

/* /proc/PID/stat: field 22 is the start, in ticks of 1/100 s since boot */
function uptimeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / 100;
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - started;
}

function print(frames: readonly Frame[]): void {
  const rows = frames.slice(0, shownFrames).map(({ name, share }) => [`${(share * 100).toFixed(1)}%`, name]);
  say(columns([['self', 'function'], ...rows]));
}
