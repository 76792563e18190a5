import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../test/support/house.js';
import { requirePeer } from '../test/support/peers.js';
import { libpqEnvironment, type Contender } from './contender.js';
import { median } from './rounds.js';

export interface PgbenchOptions {
  readonly clients: number;
  readonly seconds: number;
  /** A script of one's own; absent: `-S`. */
  readonly script?: string;
}

export interface PgbenchResult {
  readonly tps: number;
  readonly transactions: number;
  /** Microseconds, of single transactions. */
  readonly medianLatency: number;
}

/** `pgbench -M prepared`, each transaction's time logged. Throws if one failed. */
export async function pgbench(contender: Contender, options: PgbenchOptions): Promise<PgbenchResult> {
  const scratch = mkdtempSync(join(tmpdir(), 'weir-pgbench-'));
  const { clients, seconds, script } = options;
  try {
    const work = script === undefined ? ['-S'] : ['-f', script];
    const load = ['-c', String(clients), '-j', String(Math.min(clients, 2)), '-T', String(seconds)];
    const log = ['-l', `--log-prefix=${join(scratch, 'log')}`];
    const args = ['-n', '-M', 'prepared', ...work, ...load, ...log];
    const ran = await run(requirePeer('pgbench').program, args, { env: libpqEnvironment(contender) });
    return { ...readSummary(ran.stdout, ran.stderr, contender), medianLatency: medianOf(scratch) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Fills the tables of pgbench. */
export async function initialise(contender: Contender, scale: number): Promise<void> {
  const args = ['-i', '-q', '-s', String(scale)];
  const ran = await run(requirePeer('pgbench').program, args, { env: libpqEnvironment(contender) });
  if (ran.code !== 0) throw new Error(`pgbench -i failed: ${ran.stderr}`);
}

function readSummary(stdout: string, stderr: string, { name }: Contender) {
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  const tps = number(/tps = ([\d.]+)/);
  const transactions = number(/transactions actually processed: (\d+)/);
  const failed = number(/failed transactions: (\d+)/);
  if (!(tps > 0) || failed > 0 || /error|aborted/i.test(stderr))
    throw new Error(`pgbench through ${name}: ${stderr}${stdout}`);
  return { tps, transactions };
}

/* A line of the log: client transaction time(µs) script epoch microseconds */
function medianOf(folder: string): number {
  const times = readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Number(line.split(' ')[2])),
  );
  return median(times);
}
