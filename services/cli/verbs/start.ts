import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseVerb, type Verb } from '../verb.js';

const several = { type: 'string', multiple: true } as const;

export const start: Verb = {
  name: 'start',
  summary: 'run the gate and all its services (what `npm start` does), or some of them',
  usage: `weir start [--target NAME,…] [--listen LISTENER=ADDRESS,…]

Starts everything that weir.yaml says (WEIR_CONFIG names another file) and prints what to paste next.
Ctrl-C ends it.

  --target NAME      only this service: identity, policy, proxy, approval, audit. Services that run apart take the
                     same weir.yaml, with eventLog.kind kafka, and each a WEIR_DATA of its own; WEIR_SHARED is the
                     folder that all of them see
  --listen http=127.0.0.1:18081
                     instead of what the file says; also postgres=…, sql=…`,

  run(args) {
    parseVerb(args, { target: several, listen: several });
    const program = resolve(import.meta.dirname, '../../all/main.js');
    const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    return new Promise((done) => child.once('exit', (code) => done(code ?? 1)));
  },
};
