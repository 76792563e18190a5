import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectAuditStore, migrateAuditStore, type ClickHouseClient } from '#audit-store';
import { openEmbeddedLog, type EventLog, type Position } from '#event-log';
import { encodeEnvelope, newEvent, topics, TreeCutSchema, type Topic } from '#events';
import { systemClock } from '#kernel';
import { parseConfig, Readiness, type Tracing } from '#platform';
import { IngestService } from '../../services/audit/ingest/ingest.service.js';
import { events } from '../support/session-events.js';

let dir: string;
let log: EventLog;
let client: ClickHouseClient;
let service: IngestService;
let readiness: Readiness;
let said: string[];
/** What fails: reads of a topic, inserts into a table. */
const away: { topic: string; table: string; error: Error } = { topic: '', table: '', error: new Error() };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weir-failures-'));
  log = openEmbeddedLog({ path: join(dir, 'log') });
  client = connectAuditStore({ kind: 'embedded', path: join(dir, 'audit') });
  await migrateAuditStore(client);
  said = [];
  const say = (message: unknown) =>
    void said.push(typeof message === 'string' ? message : (message as { message: string }).message);
  vi.spyOn(Logger.prototype, 'error').mockImplementation(say);
  vi.spyOn(Logger.prototype, 'log').mockImplementation(say);
  Object.assign(away, { topic: '', table: '', error: new Error('no space left') });
  readiness = new Readiness();
  const tracing = { isOn: false } as unknown as Tracing;
  const config = parseConfig('', join(dir, 'weir.yaml'), dir);
  service = new IngestService(config, failingLog(), failingStore(), readiness, tracing, false);
  await service.onApplicationBootstrap();
});
afterEach(async () => {
  await service.onModuleDestroy();
  await client.close();
  await log.close();
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

/** The log, of which a topic can be away. */
const failingLog = (): EventLog => ({
  append: (topic, some) => log.append(topic, some),
  tail: (options, handle) => log.tail(options, handle),
  work: (options, handle) => log.work(options, handle),
  share: (options, owns) => log.share(options, owns),
  partitions: (topic) => log.partitions(topic),
  end: (topic) => log.end(topic),
  expire: (through, before) => log.expire(through, before),
  close: () => log.close(),
  read: async (after, limit) => {
    if (after.topic === away.topic) throw new Error('the brokers are away');
    return log.read(after, limit);
  },
});

/** The store, of which a table can be away. */
const failingStore = (): ClickHouseClient =>
  ({
    query: (params: Parameters<ClickHouseClient['query']>[0]) => client.query(params),
    command: (params: Parameters<ClickHouseClient['command']>[0]) => client.command(params),
    exec: async (params: Parameters<ClickHouseClient['exec']>[0]) => {
      if (away.table !== '' && params.query.includes(away.table)) throw away.error;
      return client.exec(params);
    },
  }) as unknown as ClickHouseClient;

const cut = () =>
  encodeEnvelope(
    newEvent(
      TreeCutSchema,
      { topic: 'x', partition: 0, after: 0n, through: 1n },
      { source: 'audit/x', subject: 'x/0', clock: systemClock },
    ),
  );
const has = async (topic: Topic, positions: readonly Position[]) =>
  service.readFrom(`${topic}/0/${positions.at(-1)!.offset}`);
const waiting = () => readiness.failing();

describe('while a partition does not get on', () => {
  it('the log’s being away takes no work from who reads the record', async () => {
    away.topic = topics.session;
    await expect.poll(() => said).toEqual(['the event log gives or takes no events; trying on']);
    await has(topics.proof, await log.append(topics.proof, [cut()]));
    await delay(500);
    expect(await waiting()).toEqual([]);
    expect(said).toHaveLength(1); // neither over nor complained of again
    away.topic = '';
    await has(topics.session, await log.append(topics.session, events('ses_1', 1, 2)));
    await expect.poll(() => said.at(-1)).toBe('the event log gives and takes events again');
  });

  it('no other that does hides it, and it is over once it has written', async () => {
    away.table = 'session_event_rows';
    const positions = await log.append(topics.session, events('ses_1', 1, 2));
    await expect.poll(waiting).toEqual(['audit store']);
    await has(topics.proof, await log.append(topics.proof, [cut()]));
    expect(await waiting()).toEqual(['audit store']);
    expect(said).toEqual(['the audit store does not take events; trying on']);
    away.table = '';
    await has(topics.session, positions);
    await expect.poll(waiting).toEqual([]);
    expect(said.at(-1)).toBe('the audit store takes events again');
  });

  it('because no row fits its table, it says so and buries but a few; all is stored later', async () => {
    Object.assign(away, {
      table: 'session_event_rows',
      error: Object.assign(new Error('Cannot parse'), { code: '6' }),
    });
    const positions = await log.append(topics.session, events('ses_1', 1, 60));
    await expect.poll(waiting, { timeout: 10_000 }).toEqual(['audit store']);
    expect(said).toEqual(['the audit store does not take events; trying on']);
    away.table = '';
    await expect.poll(waiting, { timeout: 15_000 }).toEqual([]);
    await has(topics.session, positions);
    const count = async (table: string) =>
      (
        await client.query({
          query: `SELECT toUInt32(count()) AS n FROM weir.${table}`,
          format: 'JSONEachRow',
        })
      ).json<{ n: number }>();
    expect(await count('dead_letters')).toEqual([{ n: 19 }]);
    expect(await count('session_events')).toEqual([{ n: 60 }]);
  }, 40_000);
});
