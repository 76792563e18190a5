import pg from 'pg';
import { detect } from './detect/detect.js';
import { measureMemory, measurePgbench, measureRead, withMaskedLookup } from './measure.js';
import { pipeline } from './pipeline/pipeline.js';
import { profile } from './profile.js';
import { machine, printPgbench, printRead, say, writeJson, type Results } from './report.js';
import { setStage, type Stage } from './stage.js';
import { printVerdict } from './verdict.js';
import { measureWarmStart } from './warm-start.js';
import { classified, full, maskedByColumn, quick, type Size } from './workload.js';

// `npm run bench`: PostgreSQL straight, through PgBouncer, and through Weirkeeper with all of it on, side by side.
//   --quick            a minute: one short round each, fewer clients
//   --profile [WORD]   where the gate spends its time, instead of how long it takes; of the workloads so named
//   pipeline [embedded|kafka] [--quick]   instead: from the journal to ClickHouse rows
//   detect [--quick] [--cost|--latency|--idle]   instead: what detection costs on top of ever more history, and how soon it finds

let stage: Stage | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void (stage?.stop() ?? Promise.resolve()).finally(() => process.exit(130)));

try {
  const args = process.argv.slice(2);
  if (args[0] === 'pipeline') await pipeline(args.slice(1));
  else if (args[0] === 'detect') await detect(args.slice(1));
  else if (args[0] === '--profile') await profile(args[1]);
  else await bench(args.includes('--quick') ? quick : full);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await stage?.stop();
}
process.exit();

async function bench(size: Size): Promise<void> {
  const { cpu, cpus, load, node } = machine();
  say(`${cpus} × ${cpu}, Node ${node}, load average ${load.map((value) => value.toFixed(1)).join(' ')}`);
  say('starting PostgreSQL, PgBouncer, a relay and Weirkeeper, and filling the tables …');
  stage = await setStage(size.scale);
  await assertMasked(stage);
  const { direct, passThrough, parsed, pgBouncer, weirkeeper } = stage;
  const lookups = [];
  for (const clients of size.clients) {
    say(`measuring pgbench -S -M prepared, ${clients} client${clients === 1 ? '' : 's'} …`);
    lookups.push(
      await measurePgbench(stage, [direct, pgBouncer, passThrough, parsed, weirkeeper], clients, size),
    );
  }
  printPgbench('pgbench -S -M prepared', lookups);
  const maskedLookups = await withMaskedLookup(async (script) => {
    say('\nmeasuring a look-up with two masked columns, 8 clients …');
    return [await measurePgbench(stage!, [direct, passThrough, parsed, weirkeeper], 8, size, script)];
  });
  printPgbench('one person by key, two masked columns, prepared', maskedLookups);
  const reads = [];
  for (const read of [maskedByColumn, classified]) {
    say(`\nmeasuring 500,000 rows, ${read.name} …`);
    reads.push({
      ...read,
      times: await measureRead(read, [direct, passThrough, pgBouncer, weirkeeper], size),
    });
    printRead(reads.at(-1)!);
  }
  say('\nmeasuring memory …');
  const memory = await measureMemory(stage, size);
  say('measuring a warm start …');
  const warmStart = await measureWarmStart();
  const results: Results = { size, lookups, maskedLookups, reads, memory, warmStart };
  const file = writeJson(results);
  say(
    '\npass-through: frames found; parsed: messages and statements understood; Weirkeeper: decided, masked, recorded.',
  );
  say(`In numbers: ${file}`);
  printVerdict(results);
}

/** What is measured is what it is called: masked. */
async function assertMasked({ weirkeeper }: Stage): Promise<void> {
  const client = new pg.Client({ ...weirkeeper });
  await client.connect();
  const { rows } = await client.query<{ email: string; ssn: string }>(
    'SELECT email, ssn FROM bench_people WHERE id = 4711',
  );
  await client.end();
  if (rows[0]?.email !== 'p***@example.com' || rows[0].ssn !== '****')
    throw new Error(`not masked: ${JSON.stringify(rows)}`);
}
