import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { simulate, type Simulation } from './simulate.js';
import { eventLine } from './write/event.line.js';
import { labelHeader, labelLine } from './write/label.line.js';

const usage =
  'node dist/detect/simulator/main.js --out FOLDER [--seed 1] [--agents 50] [--weeks 6] [--incidents 20]';

/** Writes `events.ndjson` and `labels.csv` into a folder. `incidents`: in 100 weeks of one agent. */
async function main(): Promise<void> {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const options = { seed: text('1'), agents: text('50'), weeks: text('6'), incidents: text('20') };
  const { values } = parseArgs({ options: { ...options, out: { type: 'string' } } });
  if (values.out === undefined) throw new Error(usage);
  mkdirSync(values.out, { recursive: true });
  const simulation = simulate({
    ...{ seed: values.seed, agents: Number(values.agents), weeks: Number(values.weeks) },
    ...{ start: Date.UTC(2026, 0, 5), incidents: { perHundredAgentWeeks: Number(values.incidents) } },
  });
  const events = await writeEvents(simulation, join(values.out, 'events.ndjson'));
  const labels = [labelHeader, ...simulation.incidents.map(labelLine)];
  writeFileSync(join(values.out, 'labels.csv'), `${labels.join('\n')}\n`);
  console.log(`${events} events, ${simulation.incidents.length} incidents`);
}

async function writeEvents(simulation: Simulation, path: string): Promise<number> {
  const file = createWriteStream(path);
  let events = 0;
  for (const event of simulation) {
    events++;
    if (!file.write(`${eventLine(event)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  return events;
}

await main();
