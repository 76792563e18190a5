import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#kernel';
import type { EventLog } from '#event-log';
import { openJournal } from './journal.js';
import { startShipper } from './shipper.js';

/* Each process of the data plane has a journal of its own: `journal`, then `journal.2`, `journal.3`, … */

export function journalFolder(dataDir: string, index: number): string {
  return join(dataDir, index === 0 ? 'journal' : `journal.${index + 1}`);
}

/** Journals of processes that there no longer are, since fewer were configured. */
export async function leftoverJournals(dataDir: string, count: number): Promise<string[]> {
  const names = await readdir(dataDir).catch(() => []);
  const ours = names.filter((name) => Number(/^journal\.([1-9]\d?)$/.exec(name)?.[1] ?? 0) > count);
  return ours.map((name) => join(dataDir, name));
}

/** Ends a leftover's sessions as lost, ships all that it holds and removes it. Throws CONFLICT while it has an owner. */
export async function shipLeftover(
  dir: string,
  eventLog: EventLog,
  about: { clock: Clock; source: string; maxBytes: number },
): Promise<void> {
  const journal = await openJournal({ dir, mode: 'write-ahead', ...about });
  const shipper = startShipper(journal, eventLog);
  try {
    await shipper.drained();
  } finally {
    await shipper.stop();
    await journal.close();
  }
  await rm(dir, { recursive: true });
}
