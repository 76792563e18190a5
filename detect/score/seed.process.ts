import { runSeed, type Fleet } from './seed.run.js';

// One seed in a process of its own, as seeds.run.ts starts it: what it is to run comes as a message, what it found goes as one.

process.once('message', ({ seed, fleet }: { readonly seed: string; readonly fleet: Fleet }) => {
  void runSeed(seed, fleet).then((run) => process.send?.(run, () => process.exit()));
});
