import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Fleet, SeedRun } from './seed.run.js';

const program = fileURLToPath(new URL('./seed.process.js', import.meta.url));

/** Each seed in a process of its own, as many at once as there are processors: a seed keeps about one busy. In the order of names. */
export async function runSeeds(
  names: readonly string[],
  fleet: Fleet,
  onRun: (run: SeedRun, seconds: number) => void,
): Promise<SeedRun[]> {
  const runs: SeedRun[] = [];
  const left = names.map((name, i) => ({ name, i }));
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const begun = performance.now();
      const run = await inProcess(next.name, fleet);
      runs[next.i] = run;
      onRun(run, Math.round((performance.now() - begun) / 1000));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return runs;
}

/** Throws if it ends without having answered. */
function inProcess(seed: string, fleet: Fleet): Promise<SeedRun> {
  // Maps, sets, and that two findings are about the same incident, survive this serialization.
  const child = fork(program, { serialization: 'advanced' });
  return new Promise((done, failed) => {
    child.once('message', (run) => done(run as SeedRun));
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`seed ${seed}: its process ended with ${code}`)));
    child.send({ seed, fleet });
  });
}
