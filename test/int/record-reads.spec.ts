import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectAuditReader,
  connectAuditStore,
  migrateAuditStore,
  type ClickHouseClient,
} from '#audit-store';
import { RecordReads } from '../../services/audit/proof/record.reads.js';

const dir = mkdtempSync(join(tmpdir(), 'weir-reads-'));
const store = { kind: 'embedded', path: join(dir, 'audit') } as const;
const events = 6000;
let writer: ClickHouseClient;

beforeAll(async () => {
  writer = connectAuditStore(store);
  await migrateAuditStore(writer);
  await writer.command({
    query: `INSERT INTO weir.control_event_rows (topic, partition, offset, event_id, raw)
      SELECT 'weir.policy.v1', 0, number, toString(number), repeat('x', 2000) FROM numbers(${events})`,
  });
}, 60_000);
afterAll(async () => {
  await writer.close();
  rmSync(dir, { recursive: true, force: true });
});

/** What a walk over the control events gives, and the LIMIT of each of its queries. */
async function walk(resultBytes: number, broken?: (query: string) => void) {
  const limits = { seconds: 20, memory: 1 << 30, resultRows: 1_000_000, resultBytes, threads: 2 };
  const reader = await connectAuditReader(store, limits);
  const tried: string[] = [];
  const query = (params: Parameters<ClickHouseClient['query']>[0]) => {
    if (params.query.includes('control_events')) {
      tried.push(/LIMIT (\d+)$/.exec(params.query)?.[1] ?? '');
      broken?.(params.query);
    }
    return reader.query(params);
  };
  let rows = 0;
  try {
    const reads = new RecordReads({ query } as unknown as ClickHouseClient);
    for await (const line of reads.control()) if (line.startsWith('{"control"')) rows++;
    return { rows, tried };
  } finally {
    await reader.close();
  }
}

describe('the record', () => {
  it('is read in many rows at once where they fit the limits', async () => {
    expect(await walk(1 << 28)).toEqual({ rows: events, tried: ['5000', '5000'] });
  });

  it('is read in few once many were too much, which is tried once', async () => {
    const { rows, tried } = await walk(1 << 20);
    expect(rows).toBe(events);
    expect(tried).toEqual(['5000', ...Array.from({ length: events / 100 + 1 }, () => '100')]);
  });

  it('is not asked for again because of any other error', async () => {
    const tried: string[] = [];
    const broken = (query: string) => {
      tried.push(query);
      throw Object.assign(new Error('Unknown table'), { code: '60' });
    };
    await expect(walk(1 << 28, broken)).rejects.toThrow('Unknown table');
    expect(tried).toHaveLength(1);
  });
});
