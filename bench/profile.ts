import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgbench } from './pgbench.js';
import { uptimeOf } from './processor.js';
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
export async function profile(only = ''): Promise<void> {
  for (const workload of workloads.filter(({ name }) => name.includes(only))) {
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
    readonly children?: readonly number[];
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
  const names = namesOf(nodes);
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

/** A native function is named with the first of ours that calls it: one `writeBuffer` is a file's, another a socket's. */
function namesOf(nodes: CpuProfile['nodes']): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const ours = (id: number | undefined): string => {
    const node = id === undefined ? undefined : byId.get(id);
    if (!node) return '';
    return /^(node:|$)/.test(node.callFrame.url) ? ours(parents.get(node.id)) : `, called by ${nameOf(node)}`;
  };
  return new Map(
    nodes.map((node) => {
      const isNodes = /^(node:|$)/.test(node.callFrame.url) && !node.callFrame.functionName.startsWith('(');
      return [node.id, `${nameOf(node)}${isNodes ? ours(parents.get(node.id)) : ''}`];
    }),
  );
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: CpuProfile['nodes'][number]): string {
  if (/^\((?!anonymous)/.test(functionName)) return functionName;
  const place = url.replace(/^.*\/(dist|node_modules)\//, '').replace(/^file:\/\//, '');
  return `${functionName || '(anonymous)'} ${place ? `${place}:${lineNumber + 1}` : '(native)'}`;
}

function print(frames: readonly Frame[]): void {
  const rows = frames.slice(0, shownFrames).map(({ name, share }) => [`${(share * 100).toFixed(1)}%`, name]);
  say(columns([['self', 'function'], ...rows]));
}
