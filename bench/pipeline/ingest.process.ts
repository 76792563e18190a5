// What the audit process does with the log, alone: node ingest.process.js <task as JSON>; then by messages.
import { connectAuditStore, insertRows, migrateAuditStore, nativeBlock, storageTables } from '#audit-store';
import { SessionBook } from '#audit-rows';
import type { EventLog, LoggedEvent, Position } from '#event-log';
import { topics } from '#events';
import { sessionBatch, tokenOf } from '../../services/audit/ingest/event.batch.js';
import { Ingest } from '../../services/audit/ingest/ingest.js';
import { openLog, type Answer, type IngestTask, type Lag, type Request } from './ingest.messages.js';

const task = JSON.parse(process.argv[2] ?? '') as IngestTask;
const client = connectAuditStore({ kind: 'embedded', path: task.store });
await migrateAuditStore(client);
const log = await openLog(task.log);
/** When the rows of a partition up to an offset could be read. Microseconds since the epoch. */
const stored: { readonly position: Position; readonly at: number }[] = [];
let rows = 0;

process.on('disconnect', () => process.exit());
process.on('message', (request: Request) => void answer(request));
say({ kind: 'open' });

async function answer(request: Request): Promise<void> {
  if (request === 'ingest') await ingest();
  if (request === 'usage') say({ kind: 'usage', processor: processor() });
  if (request === 'lag') say({ kind: 'lag', lag: await lag() });
  if (request === 'stages') say({ kind: 'stages', stages: await stages(log) });
}

function say(message: Answer): void {
  process.send?.(message);
}

async function ingest(): Promise<void> {
  const running = new Ingest({
    log,
    client,
    ...(task.rests ? {} : { breath: () => ({ after: () => 0 }) }),
    onBatch: (batch) => {
      if (batch.topic !== topics.session) return;
      stored.push({ position: batch.position, at: Date.now() * 1000 });
      rows += batch.rows;
      say({ kind: 'stored', rows, processor: processor() });
    },
    onError: (error) => console.error(error),
    onRetry: (error) => console.error(error),
  });
  await running.start();
}

/** Of all events that are stored, but those of the first two seconds: sessions start, tables are made. */
async function lag(): Promise<Lag> {
  const answer = await client.query({
    query: `SELECT partition, toUInt32(offset) AS at, toUnixTimestamp64Micro(time) AS time_us FROM weir.session_event_rows
      WHERE time > (SELECT min(time) + INTERVAL 2 SECOND FROM weir.session_event_rows) ORDER BY partition, at`,
    format: 'JSONEachRow',
  });
  const events = await answer.json<{ partition: number; at: number; time_us: string }>();
  const lags = events.map(({ partition, at, time_us }) => {
    const batch = stored.find(({ position: p }) => p.partition === partition && p.offset >= at);
    return ((batch?.at ?? NaN) - Number(time_us)) / 1000;
  });
  lags.sort((a, b) => a - b);
  const share = (part: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * part))] ?? NaN;
  return { events: lags.length, p50: share(0.5), p99: share(0.99), max: share(1) };
}

/** The same work with the same functions, one after another: in a running pipeline they overlap. */
async function stages(log: EventLog) {
  const spent = { read: 0, decode: 0, build: 0, encode: 0, insert: 0 };
  const book = new SessionBook();
  let events = 0;
  for (const partition of await log.partitions(topics.session)) {
    let position: Position = { topic: topics.session, partition, offset: -1 };
    for (;;) {
      const batch = await timed(spent, 'read', () => readBatch(log, position));
      const last = batch.at(-1);
      if (!last) break;
      await timed(spent, 'decode', () => batch.forEach((event) => event.envelope));
      const built = await timed(spent, 'build', () => sessionBatch(batch, book));
      // Once more than the insert below does it.
      await timed(spent, 'encode', () => nativeBlock(built.rows.filter((row) => typeof row !== 'string')));
      const table = storageTables.sessionEvents;
      await timed(spent, 'insert', () =>
        insertRows(client, { table, lines: built.rows, token: `stages:${tokenOf(table, batch)}` }),
      );
      events += built.rows.length;
      position = last.position;
    }
  }
  const each = (microseconds: number) => microseconds / events;
  const { read, decode, build, encode, insert } = spent;
  return {
    ...{ events, read: each(read), decode: each(decode), build: each(build), encode: each(encode) },
    insert: each(insert - encode),
  };
}

const batchEvents = 5000;

async function readBatch(log: EventLog, after: Position): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (let more = 1; more > 0 && events.length < batchEvents;) {
    const read = await log.read(events.at(-1)?.position ?? after, 1000);
    events.push(...read);
    more = read.length;
  }
  return events;
}

async function timed<Stage extends string, T>(
  spent: Record<Stage, number>,
  stage: Stage,
  work: () => T | Promise<T>,
): Promise<T> {
  const before = processor();
  const result = await work();
  spent[stage] += processor() - before;
  return result;
}

/** Of all threads of this process, microseconds. */
function processor(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
