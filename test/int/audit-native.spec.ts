import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowLine } from '#audit-rows';
import {
  connectAuditStore,
  insertColumns,
  insertRows,
  migrateAuditStore,
  RawBytes,
  readMigrations,
  type ClickHouseClient,
  type RowParts,
} from '#audit-store';

const root = mkdtempSync(join(tmpdir(), 'weir-audit-native-'));
const path = join(root, 'audit');
let client: ClickHouseClient;

beforeAll(async () => {
  client = connectAuditStore({ kind: 'embedded', path });
  const migrations = readMigrations();
  const at = migrations.findIndex(({ name }) => name === 'groups_and_revealed');
  await migrateAuditStore(client, migrations.slice(0, at));
  const old = [
    ['SessionStarted', '{"principal":{"id":"corp:bot","groups":["agents","tickets"]}}'],
    ['SessionStarted', '{"principal":{"id":"corp:bot"}}'],
    ['StatementOutcome', '{"principal":{"groups":["x"]}}'],
  ].map(([type, payload], i) => `('${type}', 'old', ${i + 1}, '2026-01-02 03:04:05.678', '${payload}')`);
  await client.command({
    query: `INSERT INTO weir.session_event_rows (type, session_id, seq, logged_at, payload) VALUES ${old.join()}`,
  });
  const networks = migrations.findIndex(({ name }) => name === 'networks');
  await migrateAuditStore(client, migrations.slice(0, networks));
  const hosts = ['10.1.2.3', '2001:db8:1:2:3::4', '[local]', ''];
  const rows = hosts.map((host, i) => `('2026-01-02 03:00:00', 'old', 'stm_${i}', '${host}')`);
  for (const query of [
    `INSERT INTO weir.activity_rows (hour, session_id, statement_id, source_host) VALUES ${rows.join()}`,
    `INSERT INTO weir.identity_day_rows (day, identity, hosts) VALUES ('2026-01-02', 'old', ['10.1.2.3', '10.1.2.4', '[local]'])`,
    `INSERT INTO weir.first_use_rows (identity, kind, value) VALUES ('old', 'network', '10.1.2.0/24'), ('old', 'host', '10.1.2.3'),
      ('old', 'network', '2001:db8:1:2::/64')`,
  ])
    await client.command({ query });
  await migrateAuditStore(client);
  // As after a process that was killed within it.
  for (const each of [at, networks])
    for (const query of migrations[each]!.statements) await client.command({ query });
});

afterAll(async () => {
  await client.close();
  rmSync(root, { recursive: true, force: true });
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ maxLength: 20 }),
  fc.constant('\n\n'),
);
const word = fc.oneof(fc.constant(''), fc.constantFrom('a', 'b', 'ünï'), text);
const wide = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const signed = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map(String);
const words = fc.array(word, { maxLength: 4 });
const time = (digits: 3 | 6) =>
  fc
    .record({ at: fc.integer({ min: 0, max: Date.UTC(2260, 0) }), us: fc.integer({ min: 0, max: 999 }) })
    .map(({ at, us }) => {
      const iso = new Date(at).toISOString().replace('T', ' ').slice(0, 23);
      return digits === 3 ? iso : iso + String(us).padStart(3, '0');
    });

const place = fc.record({ event_id: text, source: word, hash: text, type: word });
const own = fc.record(
  {
    ...{
      statement_id: text,
      text,
      text_hash: text,
      how: word,
      kinds: words,
      tables_read: words,
      tables_through: words,
    },
    parameters: fc.array(fc.option(text), { maxLength: 3 }),
    masked: fc.dictionary(fc.constantFrom('email', 'ssn', 'ünï'), wide),
    revealed: fc.dictionary(fc.constantFrom('email', 'ssn', 'ünï'), wide),
    ...{ groups: words, lookups_used: wide, lookups_limit: wide },
    ...{ decision: word, max_rows: wide, waited_us: signed, rows: wide, duration_us: signed },
    ...{ recording_cut: fc.boolean(), status: word, policy_ids: words, decided_by: words, payload: text },
  },
  { requiredKeys: ['payload'] },
);
const event = fc.record({
  place,
  own,
  time: time(6),
  logged: fc.integer({ min: 0, max: 86_399_999 }),
  raw: fc.uint8Array({ maxLength: 300 }),
});

const day = Date.UTC(2026, 0, 2);
let session = 0;

/** One partition of the table: an insert is one part. */
function rowsOf(events: readonly (typeof event extends fc.Arbitrary<infer T> ? T : never)[]): RowParts[] {
  const id = `s${++session}`;
  return events.map(({ place: at, own: columns, time: when, logged, raw }, i) => [
    { topic: 'weir.session.v1', partition: 4_000_000_000, offset: String(i), raw_base64: new RawBytes(raw) },
    { logged_at: new Date(day + logged).toISOString().replace('T', ' ').slice(0, 23), time: when, ...at },
    { session_id: id, seq: String(i + 1) },
    columns,
  ]);
}

const derived = insertColumns.session_event_rows.map((name) => (name === 'raw_base64' ? 'raw' : name));

async function stored(): Promise<string> {
  const list = derived.map((name) => (name === 'raw' ? 'hex(raw) AS raw' : name)).join(', ');
  const query = `SELECT ${list} FROM weir.session_event_rows ORDER BY seq`;
  const answer = await client.query({ query, format: 'JSONCompactEachRow' });
  const found = await answer.text();
  await client.command({ query: 'TRUNCATE TABLE weir.session_event_rows' });
  return found;
}

it('activity from before networks had columns has them, and so has what was made of it', async () => {
  const of = async (query: string) =>
    (await client.query({ query, format: 'JSONCompactEachRow' })).json<unknown[]>();
  expect(
    await of("SELECT network, site FROM weir.activity WHERE session_id = 'old' ORDER BY network"),
  ).toEqual([
    ['', ''],
    ['10.1.2.0/24', '10.1'],
    ['2001:db8:1:2::/64', '2001:db8:1:2::/64'],
    ['[local]', '[local]'],
  ]);
  expect(await of("SELECT arraySort(networks) FROM weir.identity_days WHERE identity = 'old'")).toEqual([
    [['10.1.2.0/24', '[local]']],
  ]);
  expect(await of("SELECT kind, site FROM weir.first_uses WHERE identity = 'old' ORDER BY value")).toEqual([
    ['network', '10.1'],
    ['host', ''],
    ['network', '2001:db8:1:2::/64'],
  ]);
});

it('a session from before groups had a column has those that its start says', async () => {
  const query = `SELECT groups, toUInt32(length(revealed)) AS revealed, toUInt32(lookups_limit) AS looked
    FROM weir.session_events WHERE session_id = 'old' ORDER BY seq`;
  const answer = await client.query({ query, format: 'JSONEachRow' });
  const none = { revealed: 0, looked: 0 };
  expect(await answer.json()).toEqual([
    { groups: ['agents', 'tickets'], ...none },
    { groups: [], ...none },
    { groups: [], ...none },
  ]);
  await client.command({ query: 'OPTIMIZE TABLE weir.session_event_rows FINAL' });
  expect(await stored()).toContain('["agents","tickets"]');
});

describe('rows that travel as columns', () => {
  it('are stored as the same rows are that travel as JSON', async () => {
    let tokens = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 300 }), async (events) => {
        const rows = rowsOf(events);
        await insertRows(client, { table: 'session_event_rows', lines: rows, token: `n${++tokens}` });
        const native = await stored();
        const lines = rows.map(rowLine);
        await insertRows(client, { table: 'session_event_rows', lines, token: `j${tokens}` });
        expect(native.split('\n')).toEqual((await stored()).split('\n'));
        expect(native.trimEnd().split('\n')).toHaveLength(rows.length);
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it.each([200, 300, 70_000])('keep %i different words apart', async (count) => {
    const at = { logged_at: '2026-01-02 03:04:05.678', session_id: 'w', payload: '' };
    const lines = Array.from({ length: count }, (_, i) => [
      { ...at, seq: String(i + 1), source: `w${i}`, kinds: [`k${i}`] },
    ]);
    await insertRows(client, { table: 'session_event_rows', lines, token: `w${count}` });
    const right = "source = concat('w', toString(seq - 1)) AND kinds = [concat('k', toString(seq - 1))]";
    const query = `SELECT toUInt32(countIf(${right})) AS n FROM weir.session_event_rows`;
    const answer = await client.query({ query, format: 'JSONEachRow' });
    expect(await answer.json()).toEqual([{ n: count }]);
    await stored();
  });

  it('leave no file behind, of what was stored and of what was refused', async () => {
    const rows: RowParts = [
      { session_id: 'x', seq: '1', offset: '1', logged_at: '2026-01-02 03:04:05.678', payload: '' },
    ];
    await insertRows(client, { table: 'session_event_rows', lines: [rows], token: 'kept' });
    const refused: readonly object[][] = [
      [{ offset: '1e5' }],
      [{ text: 3 }],
      [{ time: 'yesterday' }],
      [{ time: '2026-01-02 03:04:05.678' }],
      [{ kinds: 'select' }],
      [{ masked: 'email' }],
      [{ partition: '1' }],
    ];
    for (const parts of refused)
      await expect(
        insertRows(client, { table: 'session_event_rows', lines: [parts], token: 'refused' }),
      ).rejects.toMatchObject({ code: '6' });
    expect(readdirSync(join(path, 'engine')).filter((name) => name.endsWith('.native'))).toEqual([]);
    expect(JSON.parse(await stored())).toContain('x');
  });
});
