import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from './contender.js';
import { memoryWhile, type MemoryResult } from './memory.js';
import { pgbench } from './pgbench.js';
import { rawRead } from './raw-read.js';
import { interleaved, spreadOf, type Spread, type Spreads } from './rounds.js';
import { ShippingWatch, type Shipped } from './shipping.js';
import { people, type Stage } from './stage.js';
import { maskedLookup, streamed, type Read, type Size } from './workload.js';

export interface PgbenchRow {
  readonly clients: number;
  readonly tps: Spreads;
  /** Median of single transactions, µs. */
  readonly latency: Spreads;
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
  const once = async (contender: Contender, seconds: number) => {
    const watch = contender === stage.weirkeeper ? await ShippingWatch.begin(stage.house) : undefined;
    const result = await pgbench(contender, {
      clients,
      seconds,
      ...(script === undefined ? {} : { script }),
    });
    return { ...result, shipped: await watch?.ended(result.transactions) };
  };
  for (const way of ways) await once(way, size.warmUp);
  const tps = await interleaved(ways, size.rounds, async (contender) => {
    const result = await once(contender, size.seconds);
    if (result.shipped) shipped.push(result.shipped);
    latencies.set(contender, [...(latencies.get(contender) ?? []), result.medianLatency]);
    return result.tps;
  });
  const latency = Object.fromEntries([...latencies].map(([{ name }, values]) => [name, spread(values)]));
  return { clients, tps, latency, shipped } satisfies PgbenchRow;
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

export async function measureMemory({ house, weirkeeper }: Stage, size: Size): Promise<MemoryResult> {
  const { bytes } = await rawRead(weirkeeper, streamed(1));
  return memoryWhile(house.pid, weirkeeper, streamed(Math.ceil(size.streamed / bytes)));
}

function spread(values: readonly number[]): Spread {
  return spreadOf(values.map((value, i) => ({ round: i + 1, value, load: NaN })));
}
