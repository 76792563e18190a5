import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '#audit-store';
import type { HistoryEvent } from '../../services/audit/history/history.event.js';
import { HistoryLoading } from '../../services/audit/history/history.loading.js';
import { openHistory, type HistoryStore } from '../../services/audit/history/history.store.js';

/** An embedded store in a folder of its own, for as long as `use` takes. */
export async function withStore<T>(use: (store: HistoryStore) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'weir-score-'));
  try {
    const store = await openHistory(join(root, 'history'));
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Returns how many there were. */
export async function storeEvents(
  writer: ClickHouseClient,
  events: Iterable<HistoryEvent> | AsyncIterable<HistoryEvent>,
): Promise<number> {
  const loading = await HistoryLoading.begin(writer);
  let count = 0;
  for await (const event of events) {
    await loading.add(event);
    count++;
  }
  await loading.flush();
  return count;
}
