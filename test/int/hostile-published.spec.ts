import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { frontend, int16, int32, message } from '../../services/proxy/postgres/codec.js';
import { connectTarget } from '../../services/proxy/postgres/target.js';
import { Stage } from '../e2e/stage.js';
import { leaksIn } from '../e2e/canaries.js';
import { tokenWith } from '../e2e/tokens.js';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { query, RawClient, startup, sync } from '../support/raw-client.js';
import { errorsIn, of, rowsIn } from '../support/wire-reading.js';

const sslRequest = Buffer.concat([int32(8), int32(80877103)]);
const password = (token: string) => message(frontend.password, token);
const masked = 'w***@example.com';
/** What the development issuer's tokens may be late by, in seconds. */
const skew = 30;

/** One test for each published class of weakness that a gate for PostgreSQL could share with others. */
describe.skipIf(!peer('postgres'))('published classes', () => {
  let stage: Stage;
  let door: { host: string; port: number };
  beforeAll(async () => {
    stage = await Stage.build();
    door = { host: '127.0.0.1', port: stage.house.postgresPort };
  }, 120_000);
  afterAll(() => stage.down());
  afterEach(async () => {
    const client = await RawClient.signIn(await stage.address());
    expect(rowsIn(await client.ask(query('select email from customers where id = 3'))).map(String)).toEqual([
      masked,
    ]);
    await client.end();
    expect(leaksIn(stage.tap.everyByte, stage.canaries)).toEqual([]);
    stage.tap.forget();
  });

  /** What a client that sends `bytes` before it has signed in is told. */
  async function told(...bytes: Buffer[]): Promise<string> {
    const client = await RawClient.open(door);
    client.write(...bytes);
    await client.untilClosed();
    return client.bytes.toString('latin1');
  }

  it('CVE-2021-23214, CVE-2021-3935: what came in the clear behind an SSLRequest is not taken for what TLS brings', async () => {
    const { password: token } = await stage.address();
    const injected = [startup({ user: 'a', database: 'orders' }), password(token), query("insert into scratch values ('injected', 1)")];
    const answer = await told(sslRequest, ...injected);
    expect(answer).toMatch(/^E.*unencrypted data/s);
    // Sent a moment later it is no ClientHello: the handshake fails, nothing of it is read.
    const client = await RawClient.open(door);
    client.write(sslRequest);
    await sleep(100);
    client.write(...injected);
    await client.untilClosed();
    expect(client.bytes[0]).toBe('S'.charCodeAt(0));
    expect(await stage.count('scratch')).toBe(0);
  }); // prettier-ignore

  it.each([
    ['an error', Buffer.from('E\0\0\0\x0cMforged\0\0')],
    ['that all is well', Buffer.from('R\0\0\0\x08\0\0\0\0')],
    ['one byte', Buffer.from('S')],
  ])('CVE-2021-23222: %s in the clear behind the target’s yes to TLS is not taken for the target’s', async (_, bytes) => {
    const server: Server = createServer((socket) =>
      socket.on('error', () => undefined).once('data', () => socket.write(Buffer.concat([Buffer.from('S'), bytes]))),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    const address = { name: 'orders', host: '127.0.0.1', port, database: 'd', user: 'u', password: 'p', tls: 'require', allowPrivileged: true, owner: '' } as const;
    await expect(connectTarget(address)).rejects.toMatchObject({ code: 'TARGET_UNTRUSTED' });
    server.close();
  }); // prettier-ignore

  it('CVE-2024-27304: a length that has wrapped round 2^32 makes no statement of a value', async () => {
    const statement = query("insert into scratch values ('wrapped', 1)");
    // A value of 4 GiB and a bit, as a writer states it that counts in 32 bits: the value's bytes stand behind.
    const inner = [int16(0), int16(1), int32((2 ** 32 + 4) | 0), Buffer.from('abcd'), int16(0)];
    const bind = message(frontend.bind, '', '', ...inner);
    for (const length of [4, 5, bind.length - 6, (2 ** 32 + 21) | 0]) {
      const wrapped = Buffer.from(bind);
      wrapped.writeInt32BE(length, 1);
      const client = await RawClient.signIn(await stage.address());
      client.write(
        message(frontend.parse, '', 'select $1::text', int16(0)),
        wrapped,
        statement,
        sync,
        Buffer.alloc(16 * 1024),
      );
      await client.untilClosed();
      expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL' }]);
    }
    expect(await stage.count('scratch')).toBe(0);
  });

  it('CVE-2024-27304: the gate’s own writer states no length that has wrapped', () => {
    const half = Buffer.alloc(2 ** 30);
    expect(() => message(frontend.bind, half, half, half, half)).toThrow(/out of range/);
  });

  it('CVE-2025-12819: a search_path of the client’s changes nothing of what the gate itself asks', async () => {
    await stage.admin.query(`
      create schema trap; grant usage on schema trap to svc_orders;
      create table trap.sprung (by text); grant all on trap.sprung to svc_orders;
      create function trap.spring(name, text) returns boolean language sql volatile as
        $$ insert into trap.sprung values ('operator'); select true $$;
      create operator trap.= (function = trap.spring, leftarg = name, rightarg = text);
      create function trap.current_setting(text) returns text language sql volatile as
        $$ insert into trap.sprung values ('function'); select '0' $$;
      create function trap.string_agg(text, text) returns text language sql volatile as
        $$ insert into trap.sprung values ('aggregate'); select '' $$;
      create table trap.pg_roles (rolname name, rolsuper boolean);
      create table trap.customers (id int, email text)`);
    for (const given of [{ search_path: 'trap, public' }, { options: '-c search_path=trap,public' }]) {
      const client = await RawClient.open(door);
      client.write(
        startup({ user: 'a', database: 'orders', ...given }),
        password((await stage.address()).password),
      );
      await client.until((frames) => of('Z', frames).length === 1);
      const rows = rowsIn(await client.ask(query('select email from public.customers limit 1')));
      // An operator of that name stands in the way of conditions: what it does nobody knows.
      expect(rows.map(String)).toEqual([expect.stringMatching(/^\w\*{3}@example\.com$/)]);
      await client.end();
    }
    expect(await stage.count('trap.sprung')).toBe(0);
    for (const path of ['trap, pg_catalog', '"trap", "pg_catalog"', 'trap,PG_CATALOG'])
      expect(await told(startup({ user: 'a', database: 'orders', search_path: path }))).toMatch(
        /C22023.*search_path/s,
      );
    await stage.admin.query('drop schema trap cascade');
    // The catalog is polled; until then that operator stands in the way.
    const client = await RawClient.signIn(await stage.address());
    await eventually(
      async () => rowsIn(await client.ask(query('select id from customers where id = 3'))).length === 1,
    );
    await client.end();
  });

  it('CVE-2025-2291: a token that has run out no longer works, though it was verified a moment ago', async () => {
    const now = Math.floor(Date.now() / 1000);
    const token = await tokenWith(stage.house, { iat: now - 600, exp: now - skew + 4 });
    const address = { ...(await stage.address()), password: token };
    const open = await RawClient.signIn(address);
    expect(errorsIn(open.frames)).toEqual([]);
    await sleep(5_000);
    const late = await RawClient.signIn(address);
    expect(errorsIn(late.frames)).toMatchObject([{ sqlstate: '28P01', message: 'the token has expired' }]);
    await open.end();
  });

  it('CVE-2025-2291: a connection’s own password that has run out is the target’s to refuse, and it does', async () => {
    await stage.admin.query("alter role svc_orders valid until '2001-01-01'");
    const client = await RawClient.signIn(await stage.address());
    expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL', sqlstate: '08004' }]);
    await stage.admin.query("alter role svc_orders valid until 'infinity'");
  });

  /*
   * PgBouncer 1.17 to 1.26 took a second StartupMessage in the middle of signing in, when the first had named a
   * database that does not exist: who knew one user's password became another.
   */
  it('CVE-2026-107350: who signs in says once who and where', async () => {
    const { password: token } = await stage.address();
    for (const database of ['nowhere', 'orders'])
      for (const then of [[startup({ user: 'admin', database: 'orders' }), password(token)], [startup({ user: 'admin', database: 'orders' })]]) {
        const answer = await told(startup({ user: 'a', database }), ...then);
        expect(answer).toMatch(/C08P01.*a password was expected/s);
        expect(answer).not.toMatch(/Z\0\0\0\x05/);
      }
    // The same in the middle of the password, and behind it: bytes of the password, or no message at all.
    const client = await RawClient.open(door);
    client.write(startup({ user: 'a', database: 'nowhere' }), password(token), startup({ user: 'admin', database: 'orders' }));
    await client.untilClosed();
    expect(errorsIn(client.frames)).toMatchObject([{ sqlstate: '3D000' }]);
    expect(of('Z', client.frames)).toEqual([]);
  }); // prettier-ignore

  /* PgBouncer 1.20 to 1.26 span for ever on an option without a name, before anybody had signed in. */
  it.each(['-c=', '-c =', '-c', '--', '--=', '-c=x -c=', '-c\\', '-c \\ =1', '-c=' + ' -c='.repeat(2_000)])(
    'CVE-2026-107349: options of %# are refused at once',
    async (options) => {
      const began = performance.now();
      const answer = await told(startup({ user: 'a', database: 'orders', options }));
      expect(answer).toMatch(/C22023.*options/s);
      expect(performance.now() - began).toBeLessThan(2_000);
    },
  );

  /* PgBouncer 1.21 to 1.26 hung on a header that states more than 2^31 (so did its other buffer, CVE-2026-6668). */
  it.each([0x7fffffff, 0x80000000, 0x80000001, 0xfffffff0, 0xffffffff])(
    'CVE-2026-107348: a length of %i ends the connection, before signing in and after',
    async (length) => {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(length);
      expect(await told(header, int32(196608))).toMatch(/C08P01/);
      expect(await told(startup({ user: 'a' }), Buffer.from('p'), header)).toMatch(/C08P01/);
      const client = await RawClient.signIn(await stage.address());
      client.write(Buffer.from('Q'), header, Buffer.from('select 1\0'));
      await client.untilClosed();
      expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL', sqlstate: '08P01' }]);
    },
  );

  // Two more that are told of database gateways; we know no number for them.
  it('the class of a statement above a size limit that goes on unread: nothing goes on that was not read', async () => {
    const filler = `/*${' filler'.repeat(9 * 150_000)}*/`;
    const client = await RawClient.signIn(await stage.address());
    for (const text of [`${filler} drop table keepsake`, `insert into scratch values ('long', 1) ${filler}`]) {
      expect(errorsIn(await client.ask(query(text)))).toMatchObject([{ severity: 'ERROR' }]);
      const parse = message(frontend.parse, 's', text, int16(0));
      expect(errorsIn(await client.ask(parse, message(frontend.bind, '', 's', int16(0), int16(0), int16(0)), message(frontend.execute, '', 0), sync))).toMatchObject([{ severity: 'ERROR' }]);
    }
    expect(await stage.count("pg_tables where tablename = 'keepsake'")).toBe(1);
    expect(await stage.count('scratch')).toBe(0);
    // A value may be as long: it is no statement.
    const value = Buffer.alloc(9 * 1024 * 1024, 'v');
    const long = await client.ask(message(frontend.parse, '', 'select length($1::text) as n', int16(0)), message(frontend.bind, '', '', int16(0), int16(1), value.length, value, int16(0)), message(frontend.execute, '', 0), sync);
    expect(rowsIn(long).map(String)).toEqual([String(value.length)]);
    await client.end();
  }, 60_000); // prettier-ignore

  it('the class of a mask lost on a prepared statement that was seen before: masked each time, however it is run', async () => {
    const client = await RawClient.signIn(await stage.address());
    const parse = (name: string) => message(frontend.parse, name, 'select email from customers where id = 3', int16(0));
    const run = (name: string, format: number) =>
      Buffer.concat([message(frontend.bind, '', name, int16(0), int16(0), int16(1), int16(format)), message(frontend.execute, '', 0)]);
    await client.ask(parse('s'), sync);
    const seen: string[] = [];
    for (let n = 0; n < 20; n++) seen.push(...rowsIn(await client.ask(run('s', n % 2), sync)).map(String));
    seen.push(...rowsIn(await client.ask(...Array.from({ length: 20 }, () => run('s', 0)), sync)).map(String));
    for (let n = 0; n < 5; n++) seen.push(...rowsIn(await client.ask(message(frontend.close, Buffer.from('S'), 's'), parse('s'), run('s', 0), sync)).map(String));
    await client.ask(query('prepare q as select email from customers where id = 3'));
    for (let n = 0; n < 5; n++) seen.push(...rowsIn(await client.ask(query('execute q'))).map(String));
    expect(seen).toEqual(Array.from({ length: 50 }, () => masked));
    const other = await RawClient.signIn(await stage.address());
    expect(rowsIn(await other.ask(parse('s'), run('s', 0), sync)).map(String)).toEqual([masked]);
    await other.end();
    await client.end();
  }); // prettier-ignore
});
