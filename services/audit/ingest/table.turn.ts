import type { StorageTable } from '#audit-store';
import { Turns } from '../turns.js';

/** Runs a write into a table when it may. Every write of ingest goes through one. */
export type TableTurn = <Result>(table: StorageTable, write: () => Promise<Result>) => Promise<Result>;

export const atOnce: TableTurn = (_, write) => write();

/** Quorum inserts into one replicated table exclude one another: a second one would only be refused, and tried again. */
export function oneAtATime(): TableTurn {
  const turns = new Turns<StorageTable>();
  return (table, write) => turns.take(table, write);
}
