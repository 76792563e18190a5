import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKafka, TestKafka } from '../../test/support/kafka.js';
import { machine, say, writeJson } from '../report.js';
import type { LogPlace } from './ingest.messages.js';
import { measureLag, measureThroughput, type LagAt, type Throughput } from './measure.js';
import { printLags, printThroughput } from './pipeline.report.js';

export interface LogResult {
  readonly log: LogPlace['kind'];
  readonly throughput: Throughput;
  readonly lags: readonly LagAt[];
}

interface Load {
  readonly events: number;
  readonly rates: readonly number[];
  readonly seconds: number;
}

const full: Load = { events: 200_000, rates: [1000, 5000], seconds: 20 };
const quick: Load = { events: 40_000, rates: [1000], seconds: 5 };
const partitions = 6;

/** From journal to ClickHouse row (embedded): events a second, where the time goes, and how far rows are behind. */
export async function pipeline(args: readonly string[]): Promise<void> {
  const load = args.includes('--quick') ? quick : full;
  const only = args.find((each) => each === 'embedded' || each === 'kafka');
  const { cpu, cpus, load: average, node } = machine();
  say(`${cpus} × ${cpu}, Node ${node}, load average ${average.map((value) => value.toFixed(1)).join(' ')}`);
  const results: LogResult[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'weir-pipeline-'));
  try {
    if (only !== 'kafka') results.push(await measureEmbedded(folder, load));
    if (only !== 'embedded') results.push(...(await measureKafka(folder, load)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  printThroughput(results);
  printLags(results);
  say('\nA ClickHouse server: not run here.');
  say(`In numbers: ${writeJson({ load, pipeline: results })}`);
}

function measureEmbedded(folder: string, load: Load): Promise<LogResult> {
  return measure(join(folder, 'embedded'), load, (at) => ({ kind: 'embedded', path: join(at, 'log') }));
}

/** None where there is no Kafka; why is said. */
async function measureKafka(folder: string, load: Load): Promise<LogResult[]> {
  const peer = await findKafka();
  if (!peer) {
    say('kafka: skipped, Java is not on this machine (or Kafka could not be had)');
    return [];
  }
  const kafka = await TestKafka.start(peer);
  const topics = { partitions, replication: 1, minInSync: 1 };
  const options = (prefix: string) => ({ brokers: kafka.brokers(), prefix, topics });
  try {
    let logs = 0;
    return [
      await measure(join(folder, 'kafka'), load, () => ({ kind: 'kafka', options: options(`p${++logs}.`) })),
    ];
  } finally {
    await kafka.dispose();
  }
}

/** Each measurement with a log, a journal and a store of its own. */
async function measure(folder: string, load: Load, place: (at: string) => LogPlace): Promise<LogResult> {
  const burst = place(join(folder, 'burst'));
  say(`${burst.kind}: ${load.events} events from a full journal …`);
  const throughput = await measureThroughput(join(folder, 'burst'), burst, load.events);
  const lags: LagAt[] = [];
  for (const rate of load.rates) {
    say(`${burst.kind}: ${rate} events/s for ${load.seconds} s …`);
    const at = join(folder, `rate-${rate}`);
    lags.push(await measureLag(at, place(at), { rate, seconds: load.seconds }));
  }
  return { log: burst.kind, throughput, lags };
}
