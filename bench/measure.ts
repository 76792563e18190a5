import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from './contender.js';
import { memoryWhile, type MemoryResult } from './memory.js';
import { pgbench, type PgbenchOptions } from './pgbench.js';
import { processorSeconds } from './processor.js';
import { rawRead } from './raw-read.js';
import { interleaved, spreadOf, type Spread, type Spreads } from './rounds.js';
import { ShippingWatch, type Shipped } from './shipping.js';
import { people, type Stage } from './stage.js';
import { maskedLookup, onePerson, streamed, type Read, type Size } from './workload.js';

export interface PgbenchRow {
  readonly clients: number;
  readonly tps: Spreads;
  /** Median of single transactions, µs. */
  readonly latency: Spreads;
  /** Processor time of what lies between client and database, µs a transaction. */
  readonly processor: Spreads;
  readonly shipped: readonly Shipped[];
}

/** One workload at one number of clients, all ways in turn; the next begins when the last is all recorded. */
export async function measurePgbench(
  stage: Stage,
  ways: readonly Contender[],
  clients: number,
  size: Size,
  script?: string,
) {
  const shipped: Shipped[] = [];
  const latencies = new Map<Contender, number[]>();
  const processor = new Map<Contender, number[]>();
  const measured = async (contender: Contender) => {
    const result = await once(stage, contender, { clients, seconds: size.seconds, ...scriptOf(script) });
    if (result.shipped) shipped.push(result.shipped);
    add(latencies, contender, result.medianLatency);
    add(processor, contender, result.processor);
    return result.tps;
  };
  for (const way of ways) await once(stage, way, { clients, seconds: size.warmUp, ...scriptOf(script) });
  const tps = await interleaved(ways, size.rounds, measured);
  return {
    clients,
    tps,
    latency: spreadsOf(latencies),
    processor: spreadsOf(processor),
    shipped,
  } satisfies PgbenchRow;
}

/** One run; through Weirkeeper it is over when all of it is recorded. */
async function once(stage: Stage, contender: Contender, options: PgbenchOptions) {
  const watch = contender === stage.weirkeeper ? await ShippingWatch.begin(stage) : undefined;
  const before = processorSeconds(contender.pids);
  const result = await pgbench(contender, options);
  const shipped = await watch?.ended(result.transactions);
  const processor = ((processorSeconds(contender.pids) - before) / result.transactions) * 1e6;
  return { ...result, shipped, processor };
}

const scriptOf = (script: string | undefined) => (script === undefined ? {} : { script });

function add(to: Map<Contender, number[]>, contender: Contender, value: number): void {
  to.set(contender, [...(to.get(contender) ?? []), value]);
}

function spreadsOf(values: ReadonlyMap<Contender, number[]>): Spreads {
  return Object.fromEntries([...values].map(([{ name }, list]) => [name, spread(list)]));
}

export async function withMaskedLookup<T>(work: (script: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    const script = join(folder, 'masked-lookup.sql');
    writeFileSync(script, maskedLookup);
    return await work(script);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds for the whole table, all ways in turn. */
export async function measureRead({ text }: Read, ways: readonly Contender[], size: Size): Promise<Spreads> {
  const once = async (contender: Contender) => {
    const { rows, ms } = await rawRead(contender, text);
    if (rows !== people) throw new Error(`${contender.name} gave ${rows} rows instead of ${people}`);
    return ms;
  };
  for (const way of ways) await once(way);
  return interleaved(ways, size.readRounds, once);
}

/** On a gate that has just started: what earlier work left behind would hide what this takes. */
export async function measureMemory({ house, weirkeeper }: Stage, size: Size): Promise<MemoryResult> {
  const { bytes } = await rawRead(weirkeeper, streamed(1));
  await house.kill('SIGTERM');
  await house.up();
  await rawRead(weirkeeper, onePerson);
  return memoryWhile(house.pid, weirkeeper, streamed(Math.ceil(size.streamed / bytes)));
}

function spread(values: readonly number[]): Spread {
  return spreadOf(values.map((value, i) => ({ round: i + 1, value, load: NaN })));
}
