import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peer, type PostgresServer, startPostgres } from '../support/peers.js';
import { MaskingTap } from './masking-tap.js';

const canary = 'canary7f3a';
const address = `${canary}@example.com`;
const shown = 'c***@example.com';

const schema = `
  create extension citext;
  create domain mail as text check (value like '%@%');
  create domain mails as text[];
  create type mood as enum ('${canary}', 'fine', '${address}');
  create type pair as (a text, b int);
  create table people (id int primary key, email text unique, age int check (age > 0), note text);
  insert into people values (1, '${address}', 918273645, E'tab\\there, "quoted", back\\\\slash, line\\nend'),
    (2, null, null, null), (3, 'x${address}', 5, '\\N'), (4, '', 6, ''), (5, '${address}', 7, '${address}')
    on conflict do nothing;
`;

/** A value of each type that holds the canary, and what a client makes of it under a mask. */
const types: readonly (readonly [type: string, sql: string, masked: unknown])[] = [
  ['text', `'${canary}'::text`, '****'],
  ['varchar', `'${canary}'::varchar(40)`, '****'],
  ['char(n)', `'${canary}'::char(40)`, '****'],
  ['name', `'${canary}'::name`, '****'],
  ['unknown', `'${canary}'`, '****'],
  ['citext', `'${canary}'::citext`, '****'],
  ['xml', `'<a>${canary}</a>'::xml`, '****'],
  ['domain', `'${address}'::mail`, '****'],
  ['domain over an array', `array['${address}']::mails`, ['****']],
  ['json', `'{"a": "${canary}"}'::json`, '****'],
  ['jsonb', `'{"a": "${canary}"}'::jsonb`, '****'],
  ['text[]', `array['${canary}', null, 'a"b\\c,{}']`, ['****', null, '****']],
  ['text[][]', `array[['${canary}', 'b'], ['c', '${canary}']]`, [['****', '****'], ['****', '****']]],
  ['text[] from 0', `'[0:1]={${canary},b}'::text[]`, ['****', '****']],
  ['empty text[]', `'{}'::text[]`, []],
  ['varchar[]', `array['${canary}']::varchar[]`, ['****']],
  ['json[]', `array['"${canary}"']::json[]`, ['****']],
  ['jsonb[]', `array['"${canary}"']::jsonb[]`, ['****']],
  ['mail[]', `array['${address}']::mail[]`, null],
  ['enum', `'${canary}'::mood`, null],
  ['composite', `row('${canary}', 1)::pair`, null],
  ['record', `row('${canary}', 1)`, null],
  ['int', `918273645::int`, null],
  ['int8', `918273645918273645::int8`, null],
  ['int[]', `array[918273645]`, null],
  ['numeric', `9182736.45::numeric`, null],
  ['float8', `9182736.45::float8`, null],
  ['bytea', `'${canary}'::bytea`, null],
  ['uuid', `'0b57a5f0-91a3-4f4e-8a3c-3d1f6c2b9a11'::uuid`, null],
  ['date', `'1971-03-17'::date`, null],
  ['timestamptz', `'1971-03-17 10:11:12Z'::timestamptz`, null],
  ['bool', `true`, null],
  ['inet', `'10.97.98.99'::inet`, null],
  ['int4range', `int4range(918273, 918299)`, null],
  ['tsvector', `'${canary}'::tsvector`, null],
  ['regclass', `'people'::regclass`, null],
]; // prettier-ignore

const postgres = peer('postgres');

describe.skipIf(!postgres)('masking against PostgreSQL', () => {
  let server: PostgresServer;
  let tap: MaskingTap;
  let client: pg.Client;
  let direct: pg.Client;

  beforeAll(async () => {
    server = await startPostgres({ auth: 'trust' });
    const user = { host: '127.0.0.1', user: server.superuser, database: server.database };
    direct = new pg.Client({ ...user, port: server.port });
    await direct.connect();
    await direct.query(schema);
    tap = new MaskingTap(server);
    // What the gate's catalog tells of this extension's types.
    const oid = await direct.query<{ oid: number }>(`select 'citext'::regtype::oid::int as oid`);
    tap.kinds.set(oid.rows[0]!.oid, 'text');
    client = new pg.Client({ ...user, port: await tap.listen(), application_name: 'own name' });
    await client.connect();
  });

  afterAll(async () => {
    await client?.end();
    await direct?.end();
    tap?.close();
    await server?.stop();
  });

  beforeEach(() => {
    tap.sent = [];
    tap.statementText = '';
  });

  /** The value as the server sends it, from the one DataRow of one column that went to the client. */
  const rawValue = (): Buffer => {
    const row = tap.sent.find((frame) => frame[0] === 0x44)!;
    return row.subarray(11, 11 + Math.max(row.readInt32BE(7), 0));
  };

  const select = async (name: string, sql: string, binary: boolean): Promise<unknown> => {
    tap.sent = [];
    // Only the extended protocol has binary results; `values` makes node-postgres use it.
    const result = await client.query({
      text: `select ${sql} as ${name}`,
      values: [],
      binary,
    } as pg.QueryConfig);
    return (result.rows[0] as Record<string, unknown>)[name];
  };

  describe.each([
    ['text', false],
    ['binary', true],
  ] as const)('in %s', (_format, binary) => {
    it.each(types)('%s under a mask', async (type, sql, expected) => {
      await select('r_clear', sql, binary);
      const clear = Buffer.from(rawValue());
      expect(clear.length).toBeGreaterThan(0);
      const value = await select('m_value', sql, binary);
      expect(tap.bytes.includes(canary)).toBe(false);
      const same = clear.equals(rawValue());
      // An array without elements has nothing to mask.
      expect(same).toBe(Array.isArray(expected) && expected.length === 0);
      expect(binary ? decoded(value, type) : value).toEqual(expected);
    });

    it.each([
      ['text', `'to ${address}!'::text`, `to ${shown}!`],
      ['varchar', `'${address}'::varchar`, shown],
      ['char(n)', `'${address}'::char(30)`, `${shown}${' '.repeat(30 - address.length)}`],
      ['citext', `'${address}'::citext`, shown],
      ['domain', `'${address}'::mail`, shown],
      ['json', `'{"a":["${address}",1]}'::json`, { a: [shown, 1] }],
      ['json, escaped', `'{"a":"\\"${canary}\\u0040example.com\\" x"}'::json`, { a: `"${shown}" x` }],
      ['json, number', `'{"a":4111111111111111, "b":12}'::json`, { a: '****1111', b: 12 }],
      ['json, key', `'{"${address}":1}'::json`, { [shown]: 1 }],
      ['jsonb', `'{"a":{"b":"${address}"}}'::jsonb`, { a: { b: shown } }],
      [
        'text[]',
        `array['${address}', 'say "x" \\ to ${address}', null]`,
        [shown, `say "x" \\ to ${shown}`, null],
      ],
      ['jsonb[]', `array['{"b":"${address}"}']::jsonb[]`, [{ b: shown }]],
    ])('%s is classified', async (type, sql, expected) => {
      const value = await select('note', sql, binary);
      expect(tap.bytes.includes(canary)).toBe(false);
      expect(binary ? decoded(value, type) : value).toEqual(expected);
    });

    it.each([
      ['enum', `'${address}'::mood`],
      ['composite', `row('${address}', 1)::pair`],
      ['record', `row('${address}', 1)`],
      ['tsvector', `'''${address}'''::tsvector`],
      ['domain[]', `array['${address}']::mail[]`],
    ])('%s holds no canary either', async (_type, sql) => {
      await select('note', sql, binary);
      expect(tap.bytes.includes(canary)).toBe(false);
    });

    it('what is revealed, and what holds nothing, passes as it is', async () => {
      expect(await select('r_value', `'${address}'::text`, binary)).toBe(address);
      expect(await select('note', `'nothing to see, order 12345'::text`, binary)).toBe(
        'nothing to see, order 12345',
      );
      expect(await select('note', `918273645::int`, binary)).toBe(918273645);
    });
  });

  describe.each([
    ['nothing else to look into', ''],
    ['what is masked beside it', ', email as e_mail'],
    ['what is classified beside it', ', note'],
  ])('what is revealed is counted without NULLs, with %s', (_what, beside) => {
    const columns = `id, email as r_mail, null::text as r_none${beside}`;
    const known = async () => {
      const { rows } = await direct.query<{ n: number }>('select count(email)::int as n from people');
      return { email: rows[0]!.n };
    };
    const counted = () => [Object.fromEntries(tap.revealed), tap.masked.get('email') ?? 0] as const;

    it.each([
      ['in text', false],
      ['in binary', true],
    ])('%s', async (_format, binary) => {
      tap.forget();
      await client.query({ text: `select ${columns} from people`, values: [], binary } as pg.QueryConfig);
      const expected = await known();
      expect(expected.email).toBeGreaterThan(1);
      expect(counted()[0]).toEqual(expected);
      if (beside.includes('e_mail')) expect(counted()[1]).toBe(expected.email);
    });

    it('through a cursor', async () => {
      await client.query(
        `begin; declare c cursor for select ${columns} from people order by email nulls last`,
      );
      tap.forget();
      await client.query('fetch 1 from c');
      expect(counted()[0]).toEqual({ email: 1 });
      await client.query('fetch all from c; commit');
      expect(counted()[0]).toEqual(await known());
    });

    it.each<[string, [string, unknown][]]>([
      ['', []],
      ['(format csv, header)', [['format', 'csv'], ['header', true]]],
      ['(format binary)', [['format', 'binary']]],
    ])('COPY %s', async (options, parsed) => {
      tap.copyOptions = parsed;
      await client.query({ text: `select ${columns} from people where false`, values: [] });
      tap.forget();
      await client.query(`copy (select ${columns} from people) to stdout ${options}`);
      expect(counted()[0]).toEqual(await known());
    }); // prettier-ignore
  });

  it('a domain is described as its base type', async () => {
    await select('note', `'${address}'::mail`, false);
    expect(tap.fields[0]!.typeOid).toBe(25);
    await select('note', `array['${address}']::mails`, false);
    expect(tap.fields[0]!.typeOid).toBe(1009);
  });

  it('equal values have equal pseudonyms', async () => {
    const one = await select('h_a', `'${address}'::text`, false);
    expect(await select('h_b', `'${address}'::char(60)`, true)).toBe(one);
  });

  describe('COPY out', () => {
    const columns = `id, email as m_email, age as m_age, note, array[email, note] as m_list, to_json(note) as m_json,
      to_jsonb(note) as doc, array['${address}', 'a,"b"', null] as list`;
    const copied = (): Buffer =>
      Buffer.concat(tap.sent.filter((frame) => frame[0] === 0x64).map((frame) => frame.subarray(5)));

    it.each<[string, string, [string, unknown][]]>([
      ['text', '', []],
      [
        'text with a delimiter of the mask',
        `delimiter '*', null 'nil'`,
        [
          ['delimiter', '*'],
          ['null', 'nil'],
        ],
      ],
      [
        'csv',
        'format csv, header',
        [
          ['format', 'csv'],
          ['header', true],
        ],
      ],
      [
        'csv, all quoted',
        `format csv, force_quote *, quote '''', escape '!'`,
        [
          ['format', 'csv'],
          ['quote', "'"],
          ['escape', '!'],
          ['force_quote', true],
        ],
      ],
      [
        'csv, semicolons',
        `format csv, delimiter ';', null '****'`,
        [
          ['format', 'csv'],
          ['delimiter', ';'],
          ['null', '****'],
        ],
      ],
      ['binary', 'format binary', [['format', 'binary']]],
    ])('%s: the server reads it again', async (_name, options, parsed) => {
      tap.copyOptions = parsed;
      // The gate asks the target to describe the equivalent SELECT; here it is just run first.
      await client.query({ text: `select ${columns} from people where false`, values: [] });
      tap.sent = [];
      await client.query(
        `copy (select ${columns} from people order by id) to stdout ${options && `(${options})`}`,
      );
      expect(tap.copyRows).toBe(4);
      expect(copied().includes(canary)).toBe(false);
      const folder = mkdtempSync(join(tmpdir(), 'weir-copy-'));
      try {
        const file = join(folder, 'rows');
        writeFileSync(file, copied());
        chmodSync(folder, 0o755);
        chmodSync(file, 0o644);
        await direct.query(
          `create temp table back (id int, email text, age int, note text, masks text[], doc json, docb jsonb, list text[])`,
        );
        await direct.query(
          `copy back from '${file}' ${options && `(${options.replace('force_quote *,', '')})`}`,
        );
        const { rows } = await direct.query(`select * from back order by id`);
        expect(rows).toMatchObject([
          {
            id: 1,
            email: '****',
            age: null,
            note: 'tab\there, "quoted", back\\slash, line\nend',
            masks: ['****', '****'],
            doc: '****',
            list: [shown, 'a,"b"', null],
          },
          { id: 2, email: null, age: null, note: null, masks: [null, null], doc: null, docb: null },
          { id: 3, email: '****', age: null, note: '\\N', masks: ['****', '****'], docb: '\\N' },
          { id: 4, email: '****', age: null, note: '', masks: ['****', '****'], docb: '' },
        ]);
      } finally {
        await direct.query('drop table if exists back');
        rmSync(folder, { recursive: true });
      }
    });
  });

  describe('errors and notices', () => {
    const failure = async (text: string, values: unknown[] = []): Promise<pg.DatabaseError> => {
      tap.statementText = text;
      return client.query({ text, values }).then(
        () => expect.unreachable(),
        (error: unknown) => error as pg.DatabaseError,
      );
    };

    it.each([
      ['select email::int from people', '22P02', 'invalid input syntax for type integer: "…"'],
      [`select ('x'||email)::regclass from people where id = 1`, '3F000', 'schema "…" does not exist'],
      [`select ('x.'||email)::regclass from people where id = 1`, /^(3F000|42P01|0A000)$/, /…/],
      [`select email::regtype from people where id = 1`, /^42/, /…/],
      [`select set_config(email, 'x', false) from people where id = 1`, /^42/, /…/],
      [`select to_date(email, 'YYYY') from people where id = 1`, '22007', 'invalid value "…" for "YYYY"'],
      [`select email::date from people where id = 1`, '22007', /^invalid input syntax for type date: "…"$/],
      [`select email::json from people where id = 1`, '22P02', 'invalid input syntax for type json'],
      [`select email::inet from people where id = 1`, '22P02', 'invalid input syntax for type inet: "…"'],
      [`select make_date(age, 1, 1) from people where id = 1`, '22008', 'date out of range: …'],
      [`select chr(age) from people where id = 1`, '54000', 'requested character too large for encoding: …'],
      [
        `select setval('s', age) from people where id = 1`,
        '22003',
        /^setval: value … is out of bounds for sequence "s"/,
      ],
      [
        `select convert_from(decode('${Buffer.from(canary).toString('hex')}ff','hex'),'UTF8')`,
        '22021',
        'invalid byte sequence for encoding "UTF8": …',
      ],
      [
        `insert into people values (9, (select email from people where id = 1), 1)`,
        '23505',
        'duplicate key value violates unique constraint "people_email_key"',
      ],
      [
        `insert into people select 10, 'n', -age from people where id = 1`,
        '23514',
        'new row for relation "people" violates check constraint "…"',
      ],
      [
        `do $$ begin raise exception 'no %', (select email from people where id = 1); end $$`,
        'P0001',
        /^no …$/,
      ],
      [
        `do $$ begin raise exception using message = 'x', detail = (select email from people where id = 1), hint = (select email from people where id = 1), column = (select email from people where id = 1), errcode = '23505'; end $$`,
        '23505',
        'x',
      ],
    ])('%s', async (text, code, message) => {
      await direct.query('create sequence if not exists s maxvalue 10');
      const error = await failure(text);
      expect(error.code).toMatch(code);
      expect(error.message).toMatch(message);
      expect(
        error.detail ?? error.where ?? error.internalQuery ?? error.file ?? error.routine,
      ).toBeUndefined();
      expect(tap.bytes.includes(canary)).toBe(false);
      expect(tap.bytes.includes('918273645')).toBe(false);
    });

    it.each([
      ['select nope from people', '42703', 'column "nope" does not exist'],
      ['select * from nowhere', '42P01', 'relation "nowhere" does not exist'],
      ['selec 1', '42601', 'syntax error at or near "selec"'],
      ['select 1/0', '22012', 'division by zero'],
      [`select 'abc'::int`, '22P02', 'invalid input syntax for type integer: "abc"'],
      ['select foo(1)', '42883', 'function foo(integer) does not exist'],
      [`select 'a' + 1::bool`, '42883', /operator does not exist: unknown \+ boolean/],
      ['select emial from people', '42703', 'column "emial" does not exist'],
      [`select 99999999999999999999::int`, '22003', 'integer out of range'],
      [
        'insert into people (email) values (1)',
        '23502',
        'null value in column "…" of relation "people" violates not-null constraint',
      ],
    ])('still useful: %s', async (text, code, message) => {
      const error = await failure(text);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    });

    it('keeps position and severity, and a hint that names a column', async () => {
      const error = await failure('select emial from people');
      expect(error).toMatchObject({ severity: 'ERROR', position: '8' });
      expect(error.hint).toBe('Perhaps you meant to reference the column "people.email".');
    });

    it('a notice loses the value too', async () => {
      const notices: string[] = [];
      const listener = (notice: { message?: string | undefined }) => notices.push(notice.message ?? '');
      client.on('notice', listener);
      tap.statementText = `do $$ begin raise notice 'found % and "%"', (select email from people where id = 1), 'x'; end $$`;
      await client.query(tap.statementText);
      client.off('notice', listener);
      expect(notices).toEqual(['found … and "x"']);
      expect(tap.bytes.includes(canary)).toBe(false);
    });
  });

  it('settings and notifications carry nothing', async () => {
    await client.query(`listen c`);
    await client
      .query(`select set_config('application_name', email, false) from people where id = 1`)
      .catch(() => undefined);
    await client.query(`select pg_notify('c', email) from people where id = 1`);
    const sent = Buffer.concat(tap.sent.filter((frame) => frame[0] === 0x53 || frame[0] === 0x41));
    expect(sent.length).toBe(0);
    await client.query(`set timezone to 'Europe/Berlin'`);
    await client.query(`set application_name to 'own name'`);
    const names = tap.sent.filter((frame) => frame[0] === 0x53).map((frame) => frame.toString('latin1', 5));
    expect(names).toEqual(['TimeZone\0Europe/Berlin\0', 'application_name\0own name\0']);
  });
});

/** node-postgres leaves most binary values as text: what it does not decode is decoded here. */
function decoded(value: unknown, type: string): unknown {
  if (type.includes('[]') || type.includes('array')) return binaryArray(value, type.startsWith('json'));
  if (!type.startsWith('json') || typeof value !== 'string' || !/^[\u0001{["]/.test(value)) return value;
  return JSON.parse(value.startsWith('\u0001') ? value.slice(1) : value) as unknown;
}

function binaryArray(value: unknown, isJson: boolean): unknown {
  if (Array.isArray(value) || value === null) return value;
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value), 'utf8');
  const sizes = Array.from({ length: bytes.readInt32BE(0) }, (_, i) => bytes.readInt32BE(12 + i * 8));
  let at = 12 + sizes.length * 8;
  const read = (dimension: number): unknown => {
    if (dimension === sizes.length) {
      const size = bytes.readInt32BE(at);
      at += 4 + Math.max(size, 0);
      const text = bytes.toString('utf8', at - Math.max(size, 0), at);
      return size === -1 ? null : isJson ? decoded(text, 'json') : text;
    }
    return Array.from({ length: sizes[dimension]! }, () => read(dimension + 1));
  };
  return sizes.length === 0 ? [] : read(0);
}
