import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { requirePeer } from '../../support/peers.js';
import { of } from '../../support/wire-reading.js';
import type { Stage } from '../stage.js';
import { unsupported, type Running, type Said, type SqlClient } from './client.js';

const name = 'psql';

export const psql: SqlClient = {
  name,
  format: 'text',
  separator: '\\; ',
  cannot: { 'refused DROP in a pipeline': 'psql 15 has no pipelines' },

  async start(stage, statements) {
    return running(await open(stage), statements);
  },

  pipeline: () => unsupported(name, 'pipelines'),

  async copyOut(stage, statement) {
    return running(await open(stage), [statement]).done;
  },

  async crowd(stage, count, statement) {
    const env = await stage.libpq();
    const children = Array.from({ length: count }, () => launch(env));
    const all = children.map((child) => finished(child));
    for (const child of children) child.stdin.write(`${statement};\n`);
    await stage.tap.until((frames) => of('C', frames).length === count, 60_000);
    for (const child of children) child.stdin.end();
    await Promise.all(all);
  },
};

async function open(stage: Stage): Promise<ChildProcessWithoutNullStreams> {
  return launch(await stage.libpq());
}

function launch(env: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams {
  return spawn(
    requirePeer('psql').program,
    ['-X', '-q', '-v', 'ON_ERROR_STOP=0', '-v', 'VERBOSITY=verbose'],
    { env },
  );
}

function running(child: ChildProcessWithoutNullStreams, statements: readonly string[]): Running {
  const done = finished(child);
  child.stdin.end(statements.map((statement) => `${statement};\n`).join(''));
  return {
    done,
    vanish: () => void child.kill('SIGKILL'),
    cancel: () => Promise.resolve(void child.kill('SIGINT')),
  };
}

function finished(child: ChildProcessWithoutNullStreams): Promise<Said> {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (text += data.toString()));
  child.stdin.on('error', () => undefined);
  return new Promise((resolve) => child.once('close', () => resolve({ text })));
}
