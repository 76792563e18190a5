import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectAuditStore,
  database,
  migrateAuditStore,
  publicTables,
  type ClickHouseClient,
} from '#audit-store';

const document = readFileSync(join(import.meta.dirname, '../../docs/audit-schema.md'), 'utf8');
const path = mkdtempSync(join(tmpdir(), 'weir-audit-docs-'));
let client: ClickHouseClient;

beforeAll(async () => {
  client = connectAuditStore({ kind: 'embedded', path });
  await migrateAuditStore(client);
});

afterAll(async () => {
  await client.close();
  rmSync(path, { recursive: true, force: true });
});

describe('docs/audit-schema.md', () => {
  it('lists the tables that auditors have, and no other', () => {
    const [head = ''] = document.split('\n## ');
    const listed = [...head.matchAll(/^\| `(\w+)` \|/gm)].map(([, table]) => table);
    expect(listed.toSorted()).toEqual([...publicTables].sort());
  });

  it.each(publicTables)(
    'describes each column of %s with its type, and no column that is not',
    async (table) => {
      const answer = await client.query({
        query: `DESCRIBE TABLE ${database}.${table}`,
        format: 'JSONEachRow',
      });
      const real = (await answer.json<{ name: string; type: string }>()).map(
        ({ name, type }) => `${name} ${plainType(type)}`,
      );
      expect(described(table).sort()).toEqual(real.sort());
    },
  );
});

/** What a client can do with it: how a column is stored, and the time zone that all have, are left out. */
const plainType = (type: string): string =>
  type.replaceAll(/LowCardinality\((\w+)\)/g, '$1').replaceAll(", 'UTC')", ')');

/** `name type` of each column in a table's section: a row's types are as many as its columns, or one for all. */
function described(table: string): string[] {
  const section = document.split(`\n## ${table}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (`[^|]+`) +\| ([A-Z][^|]+?) +\|/gm)].flatMap(
    ([, cell = '', types = '']) => {
      const names = [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      const each = types.split(/, (?![^(]*\))/);
      return names.map((name, i) => `${name} ${each[each.length === 1 ? 0 : i]}`);
    },
  );
}
