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
const shownFiles = 12;
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

async function profileOne(run: (stage: Stage) => Promise<unknown>, folder: string): Promise<Report> {
  // The profile's clock starts with the process; the stage takes its time before that.
  const stage = await setStage(10, ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
  try {
    await run(stage); // warm
    const { pid } = stage.house;
    const window = { from: uptimeOf(pid), to: 0 };
    await run(stage);
    window.to = uptimeOf(pid);
    await stage.house.kill('SIGTERM');
    return reportOf(folder, pid, window);
  } finally {
    await stage.stop();
  }
}

async function tenTimes({ weirkeeper }: Stage, text: string): Promise<void> {
  for (let i = 0; i < 10; i++) await rawRead(weirkeeper, text);
}

interface ProfileNode {
  readonly id: number;
  readonly children?: readonly number[];
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Place {
  readonly name: string;
  readonly file: string;
}

/** Of the time in which the process was not idle. */
interface Share {
  readonly name: string;
  readonly share: number;
}

interface Report {
  readonly frames: readonly Share[];
  readonly files: readonly Share[];
}

/** Seconds of the process's life. */
interface Window {
  readonly from: number;
  readonly to: number;
}

/* CPU.<date>.<time>.<pid>.<thread>.<n>.cpuprofile */
function reportOf(folder: string, pid: number, { from, to }: Window): Report {
  const file = readdirSync(folder).find((name) => name.includes(`.${pid}.0.`));
  if (!file) throw new Error(`the gate's process left no profile: ${readdirSync(folder).join(', ')}`);
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const places = describe(nodes);
  const [frames, files] = [new Map<string, number>(), new Map<string, number>()];
  let at = 0;
  for (const [i, sample] of samples.entries()) {
    const delta = timeDeltas[i] ?? 0;
    at += delta;
    const place = places.get(sample);
    if (at < from * 1e6 || at > to * 1e6 || !place || place.name === '(idle)') continue;
    frames.set(place.name, (frames.get(place.name) ?? 0) + delta);
    files.set(place.file, (files.get(place.file) ?? 0) + delta);
  }
  return { frames: sharesOf(frames), files: sharesOf(files) };
}

function sharesOf(times: ReadonlyMap<string, number>): Share[] {
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([name, time]) => ({ name, share: time / all })).sort((a, b) => b.share - a.share);
}

/** A native function is named with the first of ours that calls it: one `writeBuffer` is a file's, another a socket's. */
function describe(nodes: CpuProfile['nodes']): ReadonlyMap<number, Place> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const ours = (node: ProfileNode | undefined): ProfileNode | undefined =>
    !node || isOurs(node) ? node : ours(byId.get(parents.get(node.id) ?? -1));
  return new Map(
    nodes.map((node) => {
      const caller = ours(node);
      const isNodes = /^(node:|$)/.test(node.callFrame.url) && !isEngine(node);
      const by = isNodes && caller ? `, called by ${nameOf(caller)}` : '';
      const file = isEngine(node) ? node.callFrame.functionName : caller ? placeOf(caller) : 'Node itself';
      return [node.id, { name: `${nameOf(node)}${by}`, file }];
    }),
  );
}

const isOurs = ({ callFrame }: ProfileNode): boolean => /\/dist\/(libs|services)\//.test(callFrame.url);
/** `(garbage collector)`, `(program)` */
const isEngine = ({ callFrame }: ProfileNode): boolean => /^\((?!anonymous)/.test(callFrame.functionName);
const placeOf = ({ callFrame }: ProfileNode): string =>
  callFrame.url.replace(/^.*\/(dist|node_modules)\//, '').replace(/^file:\/\//, '');

function nameOf(node: ProfileNode): string {
  const { functionName, lineNumber } = node.callFrame;
  if (isEngine(node)) return functionName;
  const place = placeOf(node);
  return `${functionName || '(anonymous)'} ${place ? `${place}:${lineNumber + 1}` : '(native)'}`;
}

function print({ frames, files }: Report): void {
  const table = (title: string, shares: readonly Share[], most: number) =>
    say(
      columns([
        ['self', title],
        ...shares.slice(0, most).map(({ name, share }) => [`${(share * 100).toFixed(1)}%`, name]),
      ]),
    );
  table('function', frames, shownFrames);
  say('');
  table('file of ours, with all that Node and packages do for it', files, shownFiles);
}
