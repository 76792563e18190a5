// The commands behind package.json's scripts: `node deploy/dev/house.mjs <command>`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { check } from './check.mjs';
import { ensure, fail, root } from './ensure.mjs';
import { test, testLong } from './test.mjs';

const programs = {
  start: 'dist/services/all/main.js',
  demo: 'dist/test/e2e/demo.js',
  bench: 'dist/bench/main.js',
  'detect:score': 'dist/detect/score/main.js',
};
const commands = { check, test, 'test:long': testLong };

const [command = '', ...args] = process.argv.slice(2);
const program = programs[command];
if (!program && !commands[command]) fail(`no such command: ${command}`);
if (program) {
  if (command === 'start') endWithParent();
  ensure();
  process.argv = [process.execPath, join(root, program), ...args];
  await import(pathToFileURL(join(root, program)).href);
} else process.exit(commands[command](args));

/** Whoever ends npm means what npm started, and npm that is killed tells nobody: then the parent is another. */
function endWithParent() {
  const { ppid } = process;
  setInterval(() => {
    if (process.ppid !== ppid) process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}
