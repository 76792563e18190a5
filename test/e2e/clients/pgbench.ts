import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requirePeer } from '../../support/peers.js';
import type { Stage } from '../stage.js';
import { unsupported, type Running, type Situation, type SqlClient } from './client.js';

type Mode = 'simple' | 'extended' | 'prepared';

const notSimple: Partial<Record<Situation, string>> = {
  'refused DROP in a pipeline': 'pgbench has no pipelines in simple mode',
};
const notExtended: Partial<Record<Situation, string>> = {
  'refused DROP in a query string': 'the extended protocol takes one statement at a time',
};

export function pgbench(mode: Mode): SqlClient {
  const name = `pgbench -M ${mode}`;
  return {
    name,
    format: 'text',
    separator: '\\; ',
    cannot: {
      'COPY out': 'pgbench knows no COPY TO STDOUT',
      'cancelled pg_sleep': 'pgbench cancels no query',
      'cancelled while held': 'pgbench cancels no query',
      ...(mode === 'simple' ? notSimple : notExtended),
    },
    start: (stage, statements) => launch(stage, mode, lines(statements)),
    pipeline: async (stage, statements) =>
      (await launch(stage, mode, ['\\startpipeline', ...lines(statements), '\\endpipeline'])).done,
    copyOut: () => unsupported(name, 'COPY TO STDOUT'),
    // It opens all its sessions before it begins, and keeps each until it is through.
    crowd: async (stage, count, statement) => {
      const script = lines([statement, 'select pg_sleep(0.5)']);
      const { text } = await (await launch(stage, mode, script, ['-c', String(count)])).done;
      if (!text.includes(`number of transactions actually processed: ${count}/${count}`))
        throw new Error(text);
    },
  };
}

function lines(statements: readonly string[]): string[] {
  return statements.map((statement) => `${statement};`);
}

async function launch(
  stage: Stage,
  mode: Mode,
  script: readonly string[],
  further: readonly string[] = ['-c', '1'],
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-pgbench-'));
  const file = join(folder, 'script.sql');
  writeFileSync(file, `${script.join('\n')}\n`);
  const args = ['-n', '-t', '1', '-M', mode, '-f', file, ...further];
  const child = spawn(requirePeer('pgbench').program, args, {
    env: await stage.libpq(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (text += data.toString()));
  const done = new Promise<{ text: string }>((resolve) => {
    child.once('close', () => {
      rmSync(folder, { recursive: true });
      resolve({ text });
    });
  });
  return { done, vanish: () => void child.kill('SIGKILL') };
}
