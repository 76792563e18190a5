import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startShipper } from '../../services/proxy/journal/index.js';
import { IngestChild } from './ingest.child.js';
import { openLog, type Lag, type LogPlace, type Stages } from './ingest.messages.js';
import { JournalWriter } from './journal.writer.js';

const sessions = 8;

/** Microseconds of processor time are an event's. */
export interface Throughput {
  readonly events: number;
  /** From the first event shipped to the last row readable; both processes at once. */
  readonly seconds: number;
  readonly ship: number;
  /** All of the process that ingests: reading the log to written rows, merges of the store included. */
  readonly ingest: number;
  readonly stages: Stages;
}

export interface LagAt {
  /** Events a second. */
  readonly rate: number;
  readonly lag: Lag;
}

/** A journal that is full, shipped and ingested as fast as both can; then the same log again, stage by stage. */
export async function measureThroughput(folder: string, log: LogPlace, wanted: number): Promise<Throughput> {
  const writer = await JournalWriter.open(join(folder, 'journal'), sessions);
  writer.write(wanted);
  const child = await IngestChild.start({ log, store: join(folder, 'audit'), rests: false });
  const port = await openLog(log);
  const before = await child.usage();
  child.ingest();
  const [begun, ownBefore] = [performance.now(), process.cpuUsage()];
  const shipper = startShipper(writer.journal, port, { lingerMs: 0, breath: noRest });
  try {
    await shipper.drained();
    const own = process.cpuUsage(ownBefore);
    await child.stored(writer.events);
    const seconds = (performance.now() - begun) / 1000;
    const { events } = writer;
    const ingest = (child.processor - before) / events;
    child.stop();
    const alone = await IngestChild.start({ log, store: join(folder, 'stages'), rests: false });
    const stages = await alone.stages();
    alone.stop();
    return { events, seconds, ship: (own.user + own.system) / events, ingest, stages };
  } finally {
    child.stop();
    await shipper.stop();
    await port.close();
    await writer.close();
  }
}

const noRest = { after: () => 0 };
/** Milliseconds between two writes to the journal at a steady rate. */
const tick = 10;

/** Events at an even rate, as the product ships and ingests them: with its pauses, and its rests on busy processors. */
export async function measureLag(
  folder: string,
  log: LogPlace,
  { rate, seconds }: { rate: number; seconds: number },
): Promise<LagAt> {
  const writer = await JournalWriter.open(join(folder, 'journal'), sessions);
  const child = await IngestChild.start({ log, store: join(folder, 'audit'), rests: true });
  const port = await openLog(log);
  child.ingest();
  const shipper = startShipper(writer.journal, port);
  try {
    const begun = performance.now();
    for (let at = 0; at < seconds * 1000; at = performance.now() - begun) {
      const due = Math.floor((at * rate) / 2000) * 2 - writer.events;
      if (due > 0) writer.write(due);
      await sleep(tick);
    }
    await child.stored(writer.events);
    return { rate, lag: await child.lag() };
  } finally {
    child.stop();
    await shipper.stop();
    await port.close();
    await writer.close();
  }
}
