import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseVerb, type Verb } from '../verb.js';

export const start: Verb = {
  name: 'start',
  summary: 'run the gate and all its services (what `npm start` does)',
  usage: `weir start

Starts everything that weir.yaml says (WEIR_CONFIG names another file) and prints what to paste next.
Ctrl-C ends it.`,

  run(args) {
    parseVerb(args, {});
    const program = resolve(import.meta.dirname, '../../all/main.js');
    const child = spawn(process.execPath, [program], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    return new Promise((done) => child.once('exit', (code) => done(code ?? 1)));
  },
};
