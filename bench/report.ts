import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { root } from '../test/support/house.js';
import type { ContenderName } from './contender.js';
import type { MemoryResult } from './memory.js';
import type { PgbenchRow } from './measure.js';
import { ratio, type Spread, type Spreads } from './rounds.js';
import type { Read, Size } from './workload.js';

export interface Results {
  readonly size: Size;
  readonly lookups: readonly PgbenchRow[];
  readonly maskedLookups: readonly PgbenchRow[];
  readonly reads: readonly (Read & { readonly times: Spreads })[];
  readonly memory: MemoryResult;
  readonly warmStart: number;
}

const order: readonly ContenderName[] = ['direct', 'PgBouncer', 'pass-through', 'parsed', 'Weirkeeper'];

export function printPgbench(title: string, rows: readonly PgbenchRow[]): void {
  const names = order.filter((name) => rows[0]?.tps[name]);
  say(`\n${title}: transactions per second, median (min–max) of the rounds, and times direct`);
  const tps = rows.map(({ clients, tps: all }) => [
    String(clients),
    ...names.map((name) => `${spreadText(all[name], 0)} ${factor(ratio(all[name], all.direct))}`),
  ]);
  say(columns([['clients', ...names], ...tps]));
  say(
    'median µs of a transaction / processor time that the process between spends on one, recording included',
  );
  const micro = rows.map(({ clients, latency, processor }) => [
    String(clients),
    ...names.map((name) => `${whole(latency[name])} / ${name === 'direct' ? '–' : whole(processor[name])}`),
  ]);
  say(columns([['clients', ...names], ...micro]));
}

export function printRead({ name, times }: Results['reads'][number]): void {
  const names = order.filter((each) => times[each]);
  say(`\n500,000 rows, ${name}: milliseconds, median (min–max), and times direct`);
  say(
    columns([
      [...names],
      names.map((each) => `${spreadText(times[each], 0)} ${factor(ratio(times[each], times.direct))}`),
    ]),
  );
}

/** JSON beside the program, so that runs can be compared. */
export function writeJson(results: object): string {
  const folder = join(root, 'bench/out');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = join(folder, `${at.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ at, machine: machine(), ...results }, null, 2)}\n`);
  return relative(root, file);
}

export function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model,
    cpus: cpus().length,
    memory: totalmem(),
    load: loadavg(),
    node: process.version,
    commit: commit(),
  };
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export const factor = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(2)}x` : '–');

export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

const whole = (spread: Spread | undefined): string => String(Math.round(spread?.median ?? NaN));

function spreadText(spread: Spreads[ContenderName], digits: number): string {
  if (!spread) return '–';
  const text = (value: number) => value.toFixed(digits);
  return `${text(spread.median)} (${text(spread.min)}–${text(spread.max)})`;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    return 'unknown';
  }
}
