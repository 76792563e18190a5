import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestHouse } from '../support/house.js';
import { startPostgres, type PostgresServer } from '../support/peers.js';
import { execution, query, RawClient, sync } from '../support/raw-client.js';
import { errorsIn, rowsIn } from '../support/wire-reading.js';

// What one session's DDL makes of names holds for the next statement of every other, not only once it has been polled.
const secret = 'QUILLED-VOXEL-JAMB';

describe('what another session’s DDL makes of names', () => {
  let postgres: PostgresServer;
  let house: TestHouse;
  let admin: pg.Client;
  let one: RawClient;
  let other: RawClient;

  beforeAll(async () => {
    postgres = await startPostgres();
    const { host, port, superuser: user, password, database } = postgres;
    admin = new pg.Client({ host, port, user, password, database });
    await admin.connect();
    await admin.query(`create role svc login password 'svc';
      create table customers (id int, name text, ssn text); insert into customers values (1, 'Ann', '${secret}');
      create table plain (id int, name text, ssn text);
      create table parts (id int, sec text) partition by list (id); create table parts_1 partition of parts for values in (1);
      insert into parts values (1, '${secret}');
      alter table customers owner to svc; alter table plain owner to svc; alter table parts owner to svc;
      alter table parts_1 owner to svc;`);
    house = await TestHouse.start({
      policies: {
        'open.cedar': '@id("open") permit (principal is Agent, action in Action::"sql:any", resource);',
      },
      masking: `rules:
  - { connection: "*", column: "*.customers.ssn", class: private, transform: whole }
  - { connection: "*", column: "*.parts.sec", class: private, transform: whole }
patterns: []
`,
      yaml: `connections:
  - { name: open, protocol: postgres, host: ${host}, port: ${port}, database: ${database}, tls: disable, user: svc, password: svc, owner: me }`,
    });
  }, 120_000);
  afterAll(async () => {
    await house.stop();
    await admin.end();
    await postgres.stop();
  });
  beforeEach(async () => {
    [one, other] = [await open(), await open()];
    return () => (one.destroy(), other.destroy());
  });

  const open = async () => RawClient.signIn(await house.client('open'));
  const told = async (client: RawClient, text: string): Promise<string> =>
    Buffer.concat((await client.ask(query(text))).map(({ body }) => body)).toString('latin1');
  const done = async (...texts: string[]) => {
    for (const text of texts) expect([text, errorsIn(await one.ask(query(text)))]).toEqual([text, []]);
  };

  it.each<[string, string[], string, string[]]>([
    [
      'a new parent',
      ['alter table customers inherit plain'],
      `select ssn || '' from plain`,
      ['alter table customers no inherit plain'],
    ],
    [
      'a rename',
      ['alter table customers rename name to was', 'alter table customers rename ssn to name'],
      `select name || '' from customers`,
      ['alter table customers rename name to ssn', 'alter table customers rename was to name'],
    ],
    [
      'a rename, at COMMIT',
      [
        'begin',
        'alter table customers rename name to was; alter table customers rename ssn to name',
        'commit',
      ],
      `select name || '' from customers`,
      ['alter table customers rename name to ssn', 'alter table customers rename was to name'],
    ],
  ])(
    '%s is known to the other at once',
    async (_, change, read, back) => {
      expect(errorsIn(await other.ask(query(read)))).toEqual([]);
      await done(...change);
      expect(await told(other, read)).not.toContain(secret);
      await done(...back);
      expect(rowsIn(await other.ask(query(`select name || '' from customers`))).map(String)).toEqual(['Ann']);
    },
    30_000,
  );

  it('a partition that is let go stays masked', async () => {
    expect(await told(other, 'select sec from parts_1')).not.toContain(secret);
    await done('alter table parts detach partition parts_1');
    for (const client of [one, other]) {
      expect(await told(client, `select sec || '' from parts_1`)).not.toContain(secret);
      expect(await told(client, 'select sec from parts_1')).not.toContain(secret);
      expect(rowsIn(await client.ask(query('select id from parts_1'))).map(String)).toEqual(['1']);
    }
    await done('alter table parts attach partition parts_1 for values in (1)');
  }, 30_000);

  it('leaves SET TRANSACTION the first query of its transaction', async () => {
    for (const set of [
      query('set transaction isolation level serializable, read only'),
      Buffer.concat([execution('SET TRANSACTION READ ONLY'), sync]),
    ]) {
      expect(errorsIn(await other.ask(query('begin')))).toEqual([]);
      await done('alter table plain add extra int', 'alter table plain drop extra');
      expect(errorsIn(await other.ask(set))).toEqual([]);
      // And names are asked for before the first statement that has any.
      expect(rowsIn(await other.ask(query('select name from customers'))).map(String)).toEqual(['Ann']);
      expect(errorsIn(await other.ask(query('insert into plain values (1)'))).map((e) => e.sqlstate)).toEqual(
        ['25006'],
      );
      expect(errorsIn(await other.ask(query('rollback')))).toEqual([]);
    }
  }, 30_000);
});
