import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureServerCertificate } from '#wire';
import { eventually } from '../support/house.js';
import { ask, startClickHouseHouse, type ClickHouseHouse } from './clickhouse.house.js';

const curl = async (...args: string[]) => {
  const { stdout } = await promisify(execFile)('curl', ['-sS', ...args], { encoding: 'buffer' });
  return stdout;
};
const as = (password: string) => ({ 'x-clickhouse-user': 'ana', 'x-clickhouse-key': password });
const endless =
  'SELECT sum(sipHash64(a, b, c)) FROM (SELECT arrayJoin(range(10000)) AS a) AS x CROSS JOIN ' +
  '(SELECT arrayJoin(range(10000)) AS b) AS y CROSS JOIN (SELECT arrayJoin(range(10000)) AS c) AS z';
let house: ClickHouseHouse;

beforeAll(async () => void (house = await startClickHouseHouse()));
afterAll(() => house.stop());

describe('who may ask', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  it.each([
    ['basic', { headers: { authorization: basic('ana:ok-auditors') } }, ''],
    ['basic, a user with odd letters', { headers: { authorization: basic('a na@x:ok-auditors') } }, ''],
    ['bearer', { headers: { authorization: 'Bearer ok-auditors' } }, ''],
    ['headers', { headers: as('ok-auditors') }, ''],
    ['the address', {}, 'user=ana&password=ok-auditors'],
  ])('by %s', async (_, init, search) => {
    const answer = await fetch(`${house.url}/?${search}`, {
      method: 'POST',
      body: 'SELECT 1',
      ...init,
    } as RequestInit);
    expect([answer.status, await answer.text()]).toEqual([200, '1\n']);
  });

  it.each([
    ['nobody', {}, '', 401, 194],
    ['a user alone', { authorization: basic('ana:') }, '', 401, 194],
    ['what is no basic', { authorization: basic('ok-auditors') }, '', 401, 194],
    ['another scheme', { authorization: 'Digest ok-auditors' }, '', 401, 194],
    ['a wrong token', { authorization: basic('ana:wrong') }, '', 401, 516],
    ['an expired token', as('expired'), '', 401, 516],
    ['two places', { ...as('ok-auditors'), authorization: basic('ana:ok-auditors') }, '', 401, 516],
    ['two places, one wrong', as('ok-auditors'), 'password=wrong', 401, 516],
    ['another role', as('ok-operators'), '', 403, 497],
    ['security, as at the other door', as('ok-security'), '', 403, 497],
  ])('not %s', async (_, headers, search, status, code) => {
    const answer = await fetch(`${house.url}/?${search}`, {
      method: 'POST',
      body: 'SELECT 1',
      headers,
    } as RequestInit);
    const text = await answer.text();
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([
      status,
      String(code),
    ]);
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
    expect(text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: `));
    expect(text).not.toMatch(/ok-auditors|wrong|expired"/);
  });

  it('anybody, whether it is there', async () => {
    for (const path of ['/ping', '/replicas_status', '/'])
      expect(String(await curl(house.url + path))).toBe('Ok.\n');
  });
});

describe('where and how', () => {
  it.each([
    ['GET', '/play', 404],
    ['GET', '/metrics', 404],
    ['POST', '/api/sql', 404],
    ['PUT', '/', 405],
    ['DELETE', '/?query=SELECT+1', 405],
    ['POST', '/ping', 404],
  ])('%s %s: %i', async (method, path, status) => {
    const answer = await fetch(house.url + path, { method, headers: as('ok-auditors') });
    expect([answer.status, await answer.text()]).toEqual([
      status,
      expect.stringContaining('DB::Exception') as string,
    ]);
  });

  it.each(['OPTIONS * HTTP/1.1', 'GET //x:y@/ HTTP/1.1', 'GET http://[ HTTP/1.1', 'GET /?%zz=%ff HTTP/1.1'])(
    'what is no address is an error of the caller: %s',
    async (line) => {
      const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
      socket.write(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 4\d\d /);
    },
  );

  it('the query in the address, in the body, or begun in one and ended in the other', async () => {
    const get = await fetch(`${house.url}/?query=SELECT+1`, { headers: as('ok-auditors') });
    expect(await get.text()).toBe('1\n');
    expect((await ask(house, 'SELECT 2')).text).toBe('2\n');
    expect((await ask(house, '+ 2', { query: 'SELECT 1' })).text).toBe('3\n');
    expect((await ask(house, ' ')).text).toContain('Code: 62. DB::Exception: Empty query');
  });

  it('with curl', async () => {
    const base = ['-u', 'ana:ok-auditors', `${house.url}/`];
    const count = 'SELECT count() AS n FROM statements FORMAT JSONEachRow';
    expect(String(await curl(...base, '--data-binary', count))).toBe('{"n":3}\n');
    expect(
      String(await curl(...base, '-G', '--data-urlencode', 'query=SELECT {a:UInt8} + 1', '-d', 'param_a=41')),
    ).toBe('42\n');
    expect(String(await curl('--compressed', ...base, '--data-binary', 'SELECT 7'))).toBe('7\n');
  });
});

describe('formats', () => {
  const query = "SELECT 1 AS a, 'x' AS b";
  it.each([
    ['TabSeparated', '1\tx\n', 'text/tab-separated-values'],
    ['TSVWithNames', 'a\tb\n1\tx\n', 'text/tab-separated-values'],
    ['TabSeparatedWithNamesAndTypes', 'a\tb\nUInt8\tString\n1\tx\n', 'text/tab-separated-values'],
    ['CSV', '1,"x"\n', 'text/csv'],
    ['CSVWithNames', '"a","b"\n1,"x"\n', 'text/csv'],
    ['JSONEachRow', '{"a":1,"b":"x"}\n', 'application/x-ndjson'],
    ['JSONCompactEachRow', '[1, "x"]\n', 'application/x-ndjson'],
    ['RowBinary', '\x01\x01x', 'application/octet-stream'],
    ['Native', '\x02\x01\x01a\x05UInt8\x01\x01b\x06String\x01x', 'application/octet-stream'],
  ])('%s, by clause, parameter or header', async (format, text, type) => {
    const answers = [
      await ask(house, `${query} FORMAT ${format}`, { default_format: 'JSON' }),
      await ask(house, query, { default_format: format }),
      await ask(house, query, {}, { headers: { 'x-clickhouse-format': format } }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.text]).toEqual([200, text]);
      expect(answer.headers.get('content-type')).toContain(type);
      expect(answer.headers.get('x-clickhouse-format')).toBe(format);
    }
  });

  it('JSON says what it holds', async () => {
    expect(JSON.parse((await ask(house, query, { default_format: 'JSON' })).text)).toMatchObject({
      meta: [
        { name: 'a', type: 'UInt8' },
        { name: 'b', type: 'String' },
      ],
      data: [{ a: 1, b: 'x' }],
      rows: 1,
    });
  });

  it.each(['Parquet', 'Arrow', 'Template', 'SQLInsert', 'MySQLWire', 'constructor', '../x'])(
    'not %s',
    async (format) => {
      const answers = [await ask(house, query, { default_format: format })];
      if (/^\w+$/.test(format)) answers.push(await ask(house, `${query} FORMAT ${format}`));
      for (const { status, text } of answers) {
        expect(status).toBe(400);
        expect(text).toMatch(/^Code: 73\. DB::Exception: Format .* is not available here/);
      }
    },
  );

  it('DESCRIBE, SHOW and EXPLAIN have one, too', async () => {
    expect((await ask(house, 'DESC TABLE "weir"."sessions" FORMAT JSONEachRow')).text).toContain(
      '"session_id"',
    );
    expect((await ask(house, 'SHOW TABLES FROM "weir" FORMAT CSV')).text).toContain('"statements"');
    expect((await ask(house, 'EXPLAIN SELECT 1 FORMAT CSV')).text).toContain('ReadFromSystemOne');
  });
});

describe('parameters', () => {
  it.each([
    ['UInt64', '18446744073709551615', '18446744073709551615'],
    ['String', "it's \\t a\\\\b", "it\\'s \\t a\\\\b"],
    ['Nullable(String)', '\\N', '\\N'],
    ['DateTime64(3)', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678'],
    ['Array(String)', "['a','b\\'c']", "['a','b\\'c']"],
    ['Tuple(UInt8, String)', "(1,'x')", "(1,'x')"],
    ['Decimal(9, 2)', '1.50', '1.5'],
    ["DateTime('UTC')", '2026-01-02 03:04:05', '2026-01-02 03:04:05'],
  ])('%s %s', async (type, value, text) => {
    const answer = await ask(house, `SELECT {x:${type}}`, { param_x: value });
    expect([answer.status, answer.text]).toEqual([200, `${text}\n`]);
  });

  it('in WHERE, in LIMIT, as a name', async () => {
    const query =
      'SELECT text FROM {t:Identifier} WHERE identity = {who:String} ORDER BY seq LIMIT {n:UInt64}';
    const search = { param_t: 'statements', param_who: 'corp:ana', param_n: '1' };
    expect((await ask(house, query, search)).text).toBe('select 1\n');
  });

  it.each([
    ['Map(String, UInt8)', "{'a':1}"],
    ['Map(String, Map(String, UInt8))', '{}'],
    ["UInt8'", '1'],
  ])('not %s', async (type, value) => {
    const { status, text } = await ask(house, `SELECT {x:${type}}`, { param_x: value });
    expect([status, text]).toEqual([400, expect.stringMatching(/^Code: (36|62)\./) as string]);
  });

  it('that is not given, is told by its name', async () => {
    const { status, text } = await ask(house, 'SELECT {x:UInt8}', { param_y: '1' });
    expect([status, text]).toEqual([
      400,
      expect.stringContaining('Code: 456. DB::Exception: Substitution `x` is not set') as string,
    ]);
  });
});

describe('settings', () => {
  it.each([
    { max_execution_time: '10', readonly: '1', wait_end_of_query: '1', client_protocol_version: '54460' },
    { database: 'weir', query_id: 'my-query', enable_http_compression: '1' },
    { database: 'default', output_format_json_quote_64bit_integers: '0', limit: '0' },
  ])('that clients send are taken: %j', async (search) => {
    expect((await ask(house, 'SELECT 1', search as Record<string, string>)).text).toBe('1\n');
  });

  it.each([
    [{ max_memory_usage: '0' }, 164],
    [{ max_threads: '64' }, 164],
    [{ constructor: '1' }, 164],
    [{ 'max threads': '64' }, 164],
    [{ output_format_json_quote_64bit_integers: '1' }, 164],
    [{ max_execution_time: '1; x' }, 36],
    [{ session_id: 'a' }, 48],
    [{ session_timeout: '60' }, 48],
    [{ role: 'writer' }, 48],
    [{ compress: '1' }, 48],
    [{ decompress: '1' }, 48],
    [{ database: 'system' }, 81],
  ])('others are refused: %j', async (search, code) => {
    const { status, text } = await ask(house, 'SELECT 1', search as unknown as Record<string, string>);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain(`Code: ${code}. DB::Exception`);
  });

  it('that stand twice are refused', async () => {
    const answer = await fetch(`${house.url}/?query=SELECT+1&query=SELECT+2`, { headers: as('ok-auditors') });
    expect(answer.status).toBe(400);
  });

  it('max_execution_time shortens what a query may take', async () => {
    const started = performance.now();
    const { status, text } = await ask(house, endless, { max_execution_time: '1' });
    expect([status, text]).toEqual([408, expect.stringContaining('Code: 159. DB::Exception') as string]);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("Grafana's row limit is one", async () => {
    const { text } = await ask(house, 'SELECT arrayJoin(range(10)) AS a ORDER BY a DESC FORMAT TSV', {
      limit: '2',
    });
    expect(text).toBe('9\n8\n');
  });

  it('the query keeps the id that it came with, and says what it read', async () => {
    const { headers } = await ask(house, 'SELECT count() FROM statements', { query_id: 'q-1' });
    expect(headers.get('x-clickhouse-query-id')).toBe('q-1');
    expect(JSON.parse(headers.get('x-clickhouse-summary') ?? '')).toMatchObject({ result_rows: '1' });
    expect((await ask(house, 'SELECT 1', { query_id: 'a\nb' })).headers.get('x-clickhouse-query-id')).toMatch(
      /^qry_/,
    );
  });
});

describe('compression', () => {
  const encoded = async (accept: string, search = '') => {
    const answer = await curl(
      '-i',
      '-H',
      `accept-encoding: ${accept}`,
      '-u',
      'ana:ok-auditors',
      `${house.url}/?query=SELECT+repeat('a',1000)${search}`,
    );
    const end = answer.indexOf('\r\n\r\n');
    const [, encoding] = /content-encoding: (\w+)/.exec(answer.subarray(0, end).toString()) ?? [];
    return { encoding, body: answer.subarray(end + 4) };
  };
  const plain = `${'a'.repeat(1000)}\n`;

  it('of the answer', async () => {
    const gzip = await encoded('gzip', '&enable_http_compression=1');
    expect([gzip.encoding, gunzipSync(gzip.body).toString()]).toEqual(['gzip', plain]);
    const br = await encoded('br');
    expect([br.encoding, brotliDecompressSync(br.body).toString()]).toEqual(['br', plain]);
    expect(await encoded('zstd, gzip;q=0')).toEqual({ encoding: undefined, body: Buffer.from(plain) });
    expect(await encoded('gzip', '&enable_http_compression=0')).toEqual({
      encoding: undefined,
      body: Buffer.from(plain),
    });
  });

  it('of the query', async () => {
    const body = new Uint8Array(gzipSync('SELECT 5'));
    expect((await ask(house, '', {}, { body, headers: { 'content-encoding': 'gzip' } })).text).toBe('5\n');
  });

  it.each([
    ['is not what it says', Buffer.from('SELECT 1'), 'gzip', 400],
    ['is of no known kind', Buffer.from('SELECT 1'), 'lz4', 501],
    ['is of no kind at all', Buffer.from('SELECT 1'), 'constructor', 501],
    ['becomes too large', gzipSync(Buffer.alloc(64 << 20, ' ')), 'gzip', 413],
    ['is too large as it is', Buffer.alloc(1 << 20, ' '), 'identity', 413],
    ['is no UTF-8', Buffer.from([0x53, 0xff]), 'identity', 400],
  ])('of a query that %s', async (_, body, encoding, status) => {
    const answer = await ask(
      house,
      '',
      {},
      { body: new Uint8Array(body), headers: { 'content-encoding': encoding } },
    );
    expect([answer.status, answer.text]).toEqual([
      status,
      expect.stringContaining('DB::Exception') as string,
    ]);
  });

  it('a form is not taken', async () => {
    expect((await ask(house, '', {}, { body: new FormData() })).status).toBe(501);
  });
});

describe('limits', () => {
  const running = async () => {
    const query =
      "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64(a, b, c)%' AND query NOT LIKE '%LIKE%'";
    const answer = await house.control.query({ query, format: 'JSONEachRow' });
    return (await answer.json<{ n: number }>())[0]?.n;
  };

  it('of rows are those of the other door', async () => {
    expect((await ask(house, 'SELECT arrayJoin(range(10000))')).status).toBe(200);
    const { status, text } = await ask(house, 'SELECT arrayJoin(range(10001))');
    expect([status, text]).toEqual([400, expect.stringMatching(/^Code: 396\..*add LIMIT/) as string]);
  });

  it('a client that goes away ends its query, running or waiting', async () => {
    const gone = new AbortController();
    const asked = Array.from({ length: 4 }, () =>
      ask(house, endless, {}, { signal: gone.signal }).catch((error: Error) => error.name),
    );
    await eventually(async () => (await running()) === 2);
    gone.abort();
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 4 }, () => 'AbortError'));
    await eventually(async () => (await running()) === 0, 4000);
    expect((await ask(house, 'SELECT 1')).text).toBe('1\n');
  });

  it('one identity has a few queries at once, and others are served meanwhile', async () => {
    const gone = new AbortController();
    const init = { signal: gone.signal };
    const many = Array.from({ length: 9 }, () =>
      ask(house, endless, { max_execution_time: '2' }, init).catch(() => undefined),
    );
    const first = await Promise.race(many);
    expect([first?.status, first?.text]).toEqual([
      429,
      expect.stringContaining('Code: 202. DB::Exception: 8 queries of yours') as string,
    ]);
    const other = await ask(house, 'SELECT 1', {}, { headers: as('ok-auditors.2') });
    expect(other.text).toBe('1\n');
    gone.abort();
    await Promise.all(many);
    await eventually(async () => (await ask(house, 'SELECT 1')).status === 200);
  });

  it('a client that takes nothing holds up nobody', async () => {
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
    const big = encodeURIComponent("SELECT repeat('a', 1000), arrayJoin(range(9999))");
    socket.pause();
    socket.write(`GET /?query=${big}&user=a&password=ok-auditors HTTP/1.1\r\nHost: x\r\n\r\n`);
    await sleep(500);
    expect((await ask(house, 'SELECT 1')).text).toBe('1\n');
    let size = 0;
    socket.on('data', (data: Buffer) => (size += data.length));
    socket.resume();
    await eventually(() => size > 9_999 * 1001);
    socket.destroy();
  });
});

describe('errors', () => {
  it.each([
    ['SELEC 1', 400, 62, 'SYNTAX_ERROR'],
    ['SELECT nothing', 400, 47, 'UNKNOWN_IDENTIFIER'],
    ['SELECT * FROM nothing', 404, 60, 'UNKNOWN_TABLE'],
    ['INSERT INTO sessions VALUES (1)', 403, 497, 'ACCESS_DENIED'],
    ["SELECT toUInt8('x')", 400, 6, 'CANNOT_PARSE_TEXT'],
  ])('%s', async (query, status, code, name) => {
    const answer = await ask(house, query);
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([
      status,
      String(code),
    ]);
    expect(answer.text).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: .* \\(${name}\\) \\(version [0-9.]+\\)\n$`),
    );
    expect(answer.text).not.toContain('SELECT * FROM (');
  });
});

describe('the listener', () => {
  it('a port that another has stops nothing, and is taken once it is free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const { port } = other.address() as AddressInfo;
    const elsewhere = house.endpoint(`127.0.0.1:${port}`);
    await elsewhere.onApplicationBootstrap();
    expect(elsewhere.address).toBeUndefined();
    try {
      await new Promise((done) => other.close(done));
      const url = `http://127.0.0.1:${port}/ping`;
      await eventually(async () => (await fetch(url)).ok, 8000);
    } finally {
      elsewhere.onModuleDestroy();
    }
  });

  it('speaks TLS beyond this machine where there is a certificate, and nothing else there', async () => {
    const folder = join(house.dataDir, 'tls');
    const { cert } = await ensureServerCertificate(folder);
    const files = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') };
    const outside = house.endpoint('0.0.0.0:0', files);
    await outside.onApplicationBootstrap();
    try {
      const { port } = outside.address!;
      const asked = secureRequest(`https://localhost:${port}/?query=SELECT+1`, {
        ca: cert,
        headers: as('ok-auditors'),
      });
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      expect([answer.statusCode, await text(answer)]).toEqual([200, '1\n']);
      await expect(fetch(`http://127.0.0.1:${port}/ping`)).rejects.toThrow('fetch failed');
    } finally {
      outside.onModuleDestroy();
    }
  });

  it('lets go of who has nothing to say, before it knows who that is', { timeout: 20_000 }, async () => {
    const started = performance.now();
    const silent = connect(Number(new URL(house.url).port), '127.0.0.1');
    silent.on('error', () => undefined).write('POST / HTTP/1.1\r\n');
    await once(silent.resume(), 'close');
    expect(performance.now() - started).toBeLessThan(12_000);
  });

  it('can be off', async () => {
    const off = house.endpoint('off');
    await off.onApplicationBootstrap();
    expect(off.address).toBeUndefined();
    off.onModuleDestroy();
  });
});
