import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlEventRow, rowLine, SessionBook, sessionEventRow } from '#audit-rows';
import {
  connectAuditReader,
  connectAuditStore,
  insertRows,
  migrateAuditStore,
  storageTables,
  type ClickHouseClient,
  type InsertRow,
} from '#audit-store';
import type { LoggedEvent } from '#event-log';
import { topics } from '#events';
import type { SimulatedEvent } from '../simulator/index.js';

const limits = { seconds: 300, memory: 4 * 2 ** 30, resultRows: 10_000, resultBytes: 128 << 20, threads: 2 };
const mostRows = 50_000;
const dayMs = 86_400_000;

export interface SimulatedStore {
  readonly writer: ClickHouseClient;
  readonly reader: ClickHouseClient;
}

/** An embedded store in a folder of its own, for as long as `use` takes. */
export async function withStore<T>(use: (store: SimulatedStore) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'weir-score-'));
  const config = { kind: 'embedded', path: join(root, 'audit') } as const;
  try {
    const writer = connectAuditStore(config);
    await migrateAuditStore(writer);
    const reader = await connectAuditReader(config, limits);
    try {
      return await use({ writer, reader });
    } finally {
      await reader.close();
      await writer.close();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Rows as ingest makes them, without a log: what was appended is empty. Returns how many there were. */
export async function storeEvents(
  writer: ClickHouseClient,
  events: Iterable<SimulatedEvent> | AsyncIterable<SimulatedEvent>,
): Promise<number> {
  const book = new SessionBook();
  let [sessions, control]: [InsertRow[], InsertRow[]] = [[], []];
  let [offset, day] = [0, NaN];
  const flush = async () => {
    const token = `score:${offset}`;
    await insertRows(writer, { table: storageTables.sessionEvents, lines: sessions, token });
    await insertRows(writer, { table: storageTables.controlEvents, lines: control, token });
    [sessions, control] = [[], []];
    book.trim();
  };
  for await (const event of events) {
    const own = Math.floor(event.loggedAt / dayMs);
    // A day is a partition of the table.
    if (own !== day || sessions.length >= mostRows) await flush();
    day = own;
    const logged = loggedOf(event, offset++);
    const { link, subject } = event.envelope;
    if (event.topic !== topics.session) control.push(rowLine(controlEventRow(logged)));
    else if (link) sessions.push(sessionEventRow(logged, link, book.get(subject)));
  }
  await flush();
  return offset;
}

const loggedOf = ({ topic, loggedAt, envelope }: SimulatedEvent, offset: number): LoggedEvent => ({
  position: { topic, partition: 0, offset },
  appendedAt: loggedAt,
  envelope,
  raw: new Uint8Array(),
});
