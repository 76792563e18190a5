// A process with a start of one second and a stop of one second, which says what it does.
//   node process-run.child.js <fails | first | child>
import { setTimeout as sleep } from 'node:timers/promises';
import { runProcess } from '#platform';

const [way] = process.argv.slice(2);
const living = setInterval(() => undefined, 1000);

async function start() {
  console.log('starting');
  await sleep(1000);
  console.log('started');
  return { stop };
}

async function stop(): Promise<void> {
  console.log('stopping');
  await sleep(1000);
  clearInterval(living);
  console.log('stopped');
}

// As an engine's thread does that never comes back.
const holdOn = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

if (way === 'fails') {
  process.on('exit', holdOn);
  await runProcess(() => Promise.reject(new Error('no start')));
} else await runProcess(start, { isChild: way === 'child' });
