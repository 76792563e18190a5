import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startClickHouseHouse, type ClickHouseHouse } from './clickhouse.house.js';

let house: ClickHouseHouse;
let client: ClickHouseClient;

beforeAll(async () => {
  house = await startClickHouseHouse();
  client = createClient({ url: house.url, username: 'ana', password: 'ok-auditors', database: 'weir' });
});
afterAll(async () => {
  await client.close();
  await house.stop();
});

describe('@clickhouse/client', () => {
  it('knows that it is there', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
  });

  it('asks with parameters of its own making', async () => {
    const values = {
      s: "it's\n\t\\ {n:Int64}",
      n: -5,
      a: ["x'y", 'z\\', 'a\nb'],
      d: new Date('2026-01-02T03:04:05Z'),
      b: true,
      z: null,
    };
    const answer = await client.query({
      query:
        'SELECT {s:String} AS s, {n:Int64} AS n, {a:Array(String)} AS a, {d:DateTime} AS d, {b:Bool} AS b, {z:Nullable(String)} AS z',
      query_params: values,
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ ...values, d: '2026-01-02 03:04:05' }]);
  });

  it('reads every way it has', async () => {
    const query = 'SELECT session_id, text, rows FROM statements ORDER BY session_id, seq';
    const json = await (await client.query({ query })).json<{ text: string }>();
    expect(json.data.map(({ text }) => text)).toEqual(['select 1', 'select 2', 'drop table t']);
    const rows = await (await client.query({ query, format: 'JSONEachRow' })).json<{ rows: number }>();
    expect(rows.map((row) => row.rows)).toEqual([10, 7, 0]);
    const csv = await (await client.query({ query, format: 'CSVWithNames' })).text();
    expect(csv.split('\n')[0]).toBe('"session_id","text","rows"');
    const { summary, query_id } = await client.exec({ query, query_id: 'mine' });
    expect([query_id, summary?.result_rows]).toEqual(['mine', '3']);
  });

  it('streams, compressed', async () => {
    const compressed = createClient({
      url: house.url,
      username: 'ana',
      password: 'ok-auditors',
      compression: { request: true, response: true },
    });
    const answer = await compressed.query({
      query: "SELECT arrayJoin(range(5000)) AS n, repeat('a', 100) AS a ORDER BY n",
      format: 'JSONEachRow',
    });
    let next = 0;
    for await (const rows of answer.stream<{ n: number }>())
      for (const row of rows) expect(row.json().n).toBe(next++);
    expect(next).toBe(5000);
    expect(answer.response_headers['content-encoding']).toBe('gzip');
    await compressed.close();
  });

  it('comes with a bearer token as well', async () => {
    const bearer = createClient({ url: house.url, access_token: 'ok-auditors' });
    expect(await (await bearer.query({ query: 'SELECT 1 AS a', format: 'JSONEachRow' })).json()).toEqual([
      { a: 1 },
    ]);
    await bearer.close();
  });

  it.each([
    ['SELEC 1', '62', 'SYNTAX_ERROR'],
    ["SELECT * FROM file('/etc/passwd')", '497', 'ACCESS_DENIED'],
    ['SELECT * FROM nothing', '60', 'UNKNOWN_TABLE'],
  ])('has an error of its own kind for %s', async (query, code, type) => {
    await expect(client.query({ query })).rejects.toMatchObject({ code, type });
  });

  it('neither writes nor sets anything', async () => {
    await expect(
      client.insert({ table: 'session_event_rows', values: [{ session_id: 'x' }], format: 'JSONEachRow' }),
    ).rejects.toMatchObject({ type: 'ACCESS_DENIED' });
    await expect(client.command({ query: 'DROP TABLE weir.session_event_rows' })).rejects.toMatchObject({
      type: 'ACCESS_DENIED',
    });
    await expect(
      client.query({ query: 'SELECT 1', clickhouse_settings: { max_memory_usage: '0' } }),
    ).rejects.toMatchObject({ type: 'READONLY' });
    await expect(client.query({ query: 'SELECT 1', session_id: 'x' })).rejects.toMatchObject({
      type: 'NOT_IMPLEMENTED',
    });
  });

  it('is told when its token is not one', async () => {
    const stranger = createClient({ url: house.url, username: 'ana', password: 'wrong' });
    await expect(stranger.query({ query: 'SELECT 1' })).rejects.toMatchObject({
      type: 'AUTHENTICATION_FAILED',
    });
    await stranger.close();
  });
});
