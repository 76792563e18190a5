import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frontend, int16, message } from '../../services/proxy/postgres/codec.js';
import { query, RawClient, sync } from '../support/raw-client.js';
import { errorsIn, rowsIn, tagsIn } from '../support/wire-reading.js';
import { Stage } from './stage.js';

// A server of another encoding cuts and folds names elsewhere than the gate's parser, which reads UTF-8.
const connection = (name: string, database: string) =>
  `name: ${name}, protocol: postgres, host: 127.0.0.1, port: PORT, database: ${database}, tls: disable, ` +
  'user: svc_orders, password: "a password that no client may see 7"';
const databases = { latin: 'LATIN1', bytes: 'SQL_ASCII', kanji: 'EUC_JP' } as const;
// Of no shape that a classifier knows: only its column says what it is.
const secret = 'QUILLED-VOXEL-JAMB';

describe('a target that is not UTF8', () => {
  let stage: Stage;
  beforeAll(async () => {
    const connections = Object.keys(databases).map((name) => connection(name, name));
    stage = await Stage.build({ connections });
    for (const [name, encoding] of Object.entries(databases)) {
      await stage.admin.query(
        `create database ${name} template template0 encoding '${encoding}' lc_collate 'C' lc_ctype 'C'`,
      );
      await furnish(name);
    }
  }, 120_000);
  afterAll(() => stage.down());

  async function furnish(database: string): Promise<void> {
    const { postgres } = stage;
    const { host, port, superuser: user, password } = postgres;
    const admin = new pg.Client({ host, port, user, password, database });
    await admin.connect();
    await admin.query(`create table customers (id int, name text, ssn text);
      insert into customers values (1, 'Ann', '${secret}');
      create table "größe" ("straße" text); insert into "größe" values ('Rue de la Paix');
      alter table customers owner to svc_orders; alter table "größe" owner to svc_orders;`);
    await admin.end();
  }

  const client = async (name: string) => RawClient.signIn(await stage.address(name));
  const both = (letters: string, [a, b] = ['a', 'b']) => [letters + a, letters + b] as const;
  const long = both('é'.repeat(32));
  const short = both('a'.repeat(62), ['', 'é']);
  const dashes = both('a', ['\u2014', '\u2015']);

  it.each([
    ['latin', long],
    ['bytes', short],
    ['kanji', dashes],
  ] as const)('%s: no name stands for two, nor two for one', async (name, [a, b]) => {
    const c = await client(name);
    const hidden = 'select ssn from customers union all select ssn from customers';
    const answers: Buffer[] = [];
    for (const text of [
      // A name cut within a character cannot be told in UTF8.
      `set client_min_messages = 'error'`,
      `prepare "${b}" as ${hidden}`,
      `prepare "${a}" as select 'x' as y`,
      `execute "${b}"`,
      'deallocate all',
      `prepare "${a}" as select 'x' as y`,
      `deallocate "${b}"`,
      `prepare "${b}" as ${hidden}`,
      `execute "${a}"`,
      `with "${a}" as (select name v from customers), "${b}" as (${hidden.replace('ssn', 'ssn v')}) select v from "${b}"`,
      `select x."${b}" || '' from (select ssn as "${b}", name as "${a}" from customers) x`,
    ])
      answers.push(...(await c.ask(query(text))).map(({ body }) => body));
    c.destroy();
    expect(Buffer.concat(answers).includes(secret)).toBe(false);
  });

  it('two names of the protocol are not one to it', async () => {
    const c = await client('kanji');
    const parse = (name: string, text: string) => message(frontend.parse, name, text, int16(0));
    const refused = await c.ask(parse('a\u2015', 'select 1'), sync);
    expect(errorsIn(refused)).toHaveLength(1);
    expect(errorsIn(await c.ask(parse('plain', 'select 1'), sync))).toEqual([]);
    c.destroy();
  });

  it.each(Object.keys(databases))('%s: honest names work, and masks too', async (name) => {
    const c = await client(name);
    const u = name === 'kanji' ? '"größe"' : 'größe';
    const rows = rowsIn(await c.ask(query(`select "straße", 'ü' as x from ${u}`)));
    expect(rows.map((row) => String(row))).toEqual(['Rue de la Paix,ü']);
    expect(tagsIn(await c.ask(query('prepare p as select name, ssn from customers')))).toEqual(['PREPARE']);
    expect(rowsIn(await c.ask(query('execute p'))).map((row) => String(row))).toEqual(['Ann,****']);
    c.destroy();
  });
});
