import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { byte, frontend, int16, int32, message } from '../../services/proxy/postgres/codec.js';
import { Stage } from '../e2e/stage.js';
import { leaksIn } from '../e2e/canaries.js';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { execution, query, RawClient, startup, sync } from '../support/raw-client.js';
import { errorsIn, of, rowsIn } from '../support/wire-reading.js';

const sslRequest = Buffer.concat([int32(8), int32(80877103)]);
const gssRequest = Buffer.concat([int32(8), int32(80877104)]);
const insert = (who: string) => `insert into scratch values ('${who}', 1)`;

describe.skipIf(!peer('postgres'))('a hostile client (invariants 3 and 10)', () => {
  let stage: Stage;
  let door: { host: string; port: number };
  beforeAll(async () => {
    stage = await Stage.build({ bulk: true, yaml: 'sessions: { startupTimeout: 1 }' });
    door = { host: '127.0.0.1', port: stage.house.postgresPort };
  }, 120_000);
  afterAll(() => stage.down());

  /** Whatever a client did: the next one is served, masked, and nothing leaked. */
  afterEach(async () => {
    const client = await signIn();
    const rows = rowsIn(await client.ask(query('select email from customers where id = 3')));
    expect(rows.map(String)).toEqual(['w***@example.com']);
    await client.end();
    expect(leaksIn(stage.tap.everyByte, stage.canaries)).toEqual([]);
    stage.tap.forget();
  });

  const signIn = async () => RawClient.signIn(await stage.address());

  describe('at the door', () => {
    it('one byte a quarter of a second is sent away when its time is up', async () => {
      const client = await RawClient.open(door);
      const bytes = startup({ user: 'a', database: 'orders', application_name: 'x'.repeat(500) });
      const began = Date.now();
      for (let at = 0; !client.isClosed && Date.now() - began < 10_000; at++) {
        client.write(bytes.subarray(at, at + 1));
        await sleep(250);
      }
      expect(Date.now() - began).toBeLessThan(6_000);
      expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL', sqlstate: '57014' }]);
    });

    it('the same with the password', async () => {
      const client = await RawClient.open(door);
      client.write(startup({ user: 'a', database: 'orders' }));
      const bytes = message(frontend.password, 'x'.repeat(5_000));
      for (let at = 0; !client.isClosed && at < 40; at++) {
        client.write(bytes.subarray(at, at + 1));
        await sleep(250);
      }
      expect(errorsIn(client.frames)).toMatchObject([{ sqlstate: '57014' }]);
    });

    it.each<[string, Buffer]>([
      ['10 MB of startup', startup({ user: 'a', application_name: 'x'.repeat(10 * 1024 * 1024) })],
      ['10 MB of password', Buffer.concat([startup({ user: 'a' }), message(frontend.password, 'x'.repeat(10 * 1024 * 1024))])],
      ['SSLRequest twice', Buffer.concat([sslRequest, sslRequest])],
      ['GSSENCRequest, SSLRequest and a startup in the clear', Buffer.concat([gssRequest, sslRequest, startup({ user: 'a' })])],
      ['a cancel request of another length', Buffer.concat([int32(20), int32(80877102), Buffer.alloc(12)])],
      ['a query before it has signed in', Buffer.concat([startup({ user: 'a' }), query('select 1')])],
    ])('%s: refused, in one line', async (_, bytes) => {
      const client = await RawClient.open(door);
      client.write(bytes);
      await client.untilClosed();
      const at = client.bytes.indexOf('E');
      expect(client.bytes.toString('latin1', at)).toMatch(/SFATAL\0.*C(08P01|22023)\0/);
    }); // prettier-ignore

    it('GSSENCRequest, then SSLRequest, then TLS: as libpq does it, and served', async () => {
      const socket = await opened(door);
      socket.write(gssRequest);
      expect(await answer(socket)).toBe('N');
      socket.write(sslRequest);
      expect(await answer(socket)).toBe('S');
      const tls = connectTls({ socket, rejectUnauthorized: false });
      tls.on('error', () => undefined);
      tls.write(startup({ user: 'a', database: 'orders' }));
      const [asked] = (await once(tls)) as [Buffer];
      expect(asked.subarray(0, 1).toString()).toBe('R');
      tls.destroy();
    });

    it.each(['3.7 with ten options', '3.0 with ten options'])('%s is negotiated', async (what) => {
      const options = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`_pq_.option${n}`, 'x']));
      const client = await RawClient.open(door);
      client.write(
        startup({ user: 'a', database: 'orders', ...options }, what.startsWith('3.7') ? 196615 : 196608),
      );
      await client.until((frames) => of('R', frames).length === 1);
      expect(of('v', client.frames)[0]!.body.readInt32BE(4)).toBe(10);
      client.destroy();
    });

    it('two thousand that say nothing leave, and let others in again', async () => {
      const silent: Socket[] = [];
      for (let n = 0; n < 2_050; n++)
        silent.push(
          connect(door)
            .on('error', () => undefined)
            .resume(),
        );
      await eventually(() => silent.every((socket) => socket.readyState !== 'opening'));
      await eventually(async () => {
        const client = await RawClient.open(door);
        client.write(startup({ user: 'a', database: 'orders' }));
        await client.until((frames) => of('R', frames).length === 1, 500).finally(() => client.destroy());
        return true;
      }, 15_000);
      await eventually(
        () => silent.every((socket) => socket.destroyed || socket.readyState !== 'open'),
        15_000,
      );
      for (const socket of silent) socket.destroy();
    }, 60_000);

    it('three thousand cancel requests with keys that are none: no answer, no effect', async () => {
      const client = await signIn();
      const running = client.ask(query("select pg_sleep(3), 'slept' as s"));
      const key = of('K', client.frames)[0]!.body;
      for (let batch = 0; batch < 30; batch++) {
        const tries = Array.from({ length: 100 }, (_, n) => {
          const guess = Buffer.from(key);
          guess.writeUInt32BE((guess.readUInt32BE(4) + 1 + batch * 100 + n) >>> 0, 4);
          return cancelRequest(door, guess);
        });
        expect((await Promise.all(tries)).every((answered) => answered === 0)).toBe(true);
      }
      expect(errorsIn(await running)).toEqual([]);
      await client.end();
    }, 60_000);

    it('a cancel that races the end of its session', async () => {
      for (let n = 0; n < 30; n++) {
        const client = await signIn();
        const key = of('K', client.frames)[0]!.body;
        client.write(query('select pg_sleep(0.05)'));
        const cancels = [1, 2, 3].map(() => cancelRequest(door, key));
        if (n % 2) client.destroy();
        else client.write(message(frontend.terminate));
        expect(await Promise.all(cancels)).toEqual([0, 0, 0]);
      }
    }, 60_000);
  });

  describe('in a session', () => {
    const serverOnly = ['1', '2', '3', 'A', 'G', 'I', 'K', 'N', 'R', 'T', 'V', 'W', 'Z', 'n', 's', 't', 'v'];

    it.each([...serverOnly, 'p', '\0', '\xff'])(
      'a message of type %j that only others send',
      async (type) => {
        const client = await signIn();
        client.write(message(type.charCodeAt(0), 'x'), query(insert('behind a server message')));
        await client.untilClosed();
        expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL', sqlstate: '08P01' }]);
        expect(await stage.count('scratch')).toBe(0);
      },
    );

    it.each<[string, Buffer]>([
      ['a second startup', startup({ user: 'postgres', database: 'orders' })],
      ['SSLRequest', sslRequest],
      ['CancelRequest', Buffer.concat([int32(16), int32(80877102), Buffer.alloc(8)])],
    ])('%s', async (_, bytes) => {
      const client = await signIn();
      // As a message it has the type 0, and its length is one byte further on.
      client.write(bytes, Buffer.alloc(64 * 1024), query(insert('behind a startup')));
      await client.untilClosed();
      expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL', sqlstate: '08P01' }]);
      expect(await stage.count('scratch')).toBe(0);
    });

    const bind = (...parts: (Buffer | string | number)[]) =>
      Buffer.concat([message(frontend.parse, '', insert('a lie'), int16(0)), message(frontend.bind, '', '', ...parts), message(frontend.execute, '', 0), sync]); // prettier-ignore
    it.each<[string, Buffer]>([
      ['formats that are not there', bind(int16(5))],
      ['two formats for three values', bind(int16(2), int16(0), int16(0), int16(3), -1, -1, -1, int16(0))],
      ['65,535 formats', bind(int16(65_535), Buffer.alloc(65_535 * 2), int16(1), -1, int16(0))],
      ['a format of 2', bind(int16(1), int16(2), int16(1), -1, int16(0))],
      ['65,535 values in two bytes', bind(int16(0), int16(65_535), int16(0))],
      ['a value of 2 GiB', bind(int16(0), int16(1), 2 ** 31 - 1, int16(0))],
      ['a value of -2', bind(int16(0), int16(1), -2, int16(0))],
      ['result formats that are not there', bind(int16(0), int16(0), int16(7))],
      ['a result format of 9', bind(int16(0), int16(0), int16(1), int16(9))],
      ['bytes behind the last', bind(int16(0), int16(0), int16(0), Buffer.from('more'))],
      ['no result formats at all', bind(int16(0), int16(0))],
      ['a statement name of 1 MB', Buffer.concat([message(frontend.parse, 's'.repeat(1024 * 1024), insert('a name'), int16(0)), sync])],
      ['a portal name of 64 bytes', Buffer.concat([message(frontend.describe, byte(0x50), 'p'.repeat(64)), sync])],
      ['a text that is not UTF-8', message(frontend.query, Buffer.from(`${insert('\xe9')}\0`, 'latin1'))],
      ['an overlong NUL', message(frontend.query, Buffer.from(`${insert('\xc0\x80')}\0`, 'latin1'))],
    ])('a Bind, a name or a text that lies: %s', async (_, bytes) => {
      const client = await signIn();
      client.write(bytes, query(insert('behind it')));
      await client.untilClosed();
      expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL' }]);
      expect(await stage.count('scratch')).toBe(0);
    }); // prettier-ignore

    it('CopyData, CopyDone and CopyFail outside COPY do nothing', async () => {
      const client = await signIn();
      const stray = [frontend.copyData, frontend.copyDone, frontend.copyFail];
      client.write(...stray.map((type) => message(type, insert('copied'))));
      expect(rowsIn(await client.ask(query('select 7 as n'))).map(String)).toEqual(['7']);
      expect(await stage.count('scratch')).toBe(0);
      await client.end();
    });

    it('a good-bye in the middle of a segment runs nothing of it', async () => {
      const client = await signIn();
      client.write(execution(insert('half')), message(frontend.terminate), execution(insert('after')), sync);
      await client.untilClosed();
      expect(await stage.count('scratch')).toBe(0);
    });

    it('a socket closed in one direction is a client that is gone, and what it sent is on record', async () => {
      const socket = await opened({ ...door });
      socket.write(startup({ user: 'a', database: 'orders', application_name: 'half open' }));
      await once(socket);
      socket.end(message(frontend.password, (await stage.address()).password));
      await new Promise((closed) => socket.resume().once('close', closed));
      // The gate may be signing in at the target when the client is gone: the end is on record after that.
      const recorded = () =>
        stage.house.sql(`SELECT type, end_reason FROM session_events
          WHERE session_id IN (SELECT session_id FROM session_events WHERE client_program = 'half open') ORDER BY seq`);
      await eventually(async () => (await recorded()).length > 1);
      expect(await recorded()).toEqual([
        { type: 'SessionStarted', end_reason: '' },
        { type: 'SessionEnded', end_reason: 'client gone' },
      ]);
      await eventually(async () => (await backends(stage)) === 0);
    });

    it.each<[string, Buffer[]]>([
      ['idle', []],
      ['while a statement runs', [query('select pg_sleep(5)')]],
      ['in a transaction', [query('begin'), query(insert('lost'))]],
      ['in the middle of a message', [query(insert('never whole')).subarray(0, 20)]],
      ['in the middle of a segment', [execution(insert('no sync'))]],
      ['while rows come', [query('select b.label from big b, tickets t limit 10000')]],
      ['in COPY', [query('copy scratch from stdin'), message(frontend.copyData, Buffer.from('half\t1\n'))]],
      ['while it waits for a person', [query('delete from tickets where id = 900')]],
      ['while a query is refused', [query('drop table keepsake')]],
    ])('a reset %s lets the target go', async (_, bytes) => {
      const socket = await opened(door);
      const { password } = await stage.address();
      socket.write(
        Buffer.concat([startup({ user: 'a', database: 'orders' }), message(frontend.password, password)]),
      );
      let seen = '';
      socket.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')));
      await eventually(() => seen.includes('Z\0\0\0\x05I'));
      socket.write(Buffer.concat(bytes));
      await sleep(150);
      socket.resetAndDestroy();
      await eventually(async () => (await backends(stage)) === 0);
      expect(await stage.count('scratch')).toBe(0);
      expect(await stage.count('tickets where id = 900')).toBe(1);
    });

    it('one that never reads is not read for: memory stays, and every row is there when it does', async () => {
      const { password } = await stage.address();
      const socket = await opened(door);
      socket.write(
        Buffer.concat([startup({ user: 'a', database: 'orders' }), message(frontend.password, password)]),
      );
      let bytes = 0;
      let tail = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        tail = Buffer.concat([tail, chunk]).subarray(-64);
      });
      await eventually(() => tail.includes('Z\0\0\0\x05I'));
      await stage.admin
        .query(`create table wide as select repeat('x', 16000) as x from generate_series(1, 5000);
        grant select on wide to svc_orders`);
      const before = resident(stage.house.pid);
      socket.pause();
      tail = Buffer.alloc(0);
      socket.write(query('select x from wide'));
      await sleep(3_000);
      expect(resident(stage.house.pid) - before).toBeLessThan(50);
      socket.resume();
      await eventually(() => tail.includes('Z\0\0\0\x05'), 60_000);
      expect(bytes).toBeGreaterThan(80_000_000);
      socket.destroy();
    }, 90_000);

    it('one that sends for ever and reads nothing is not read on', async () => {
      const client = await signIn();
      client.destroy();
      const socket = await opened(door);
      const { password } = await stage.address();
      socket.write(
        Buffer.concat([startup({ user: 'a', database: 'orders' }), message(frontend.password, password)]),
      );
      await once(socket);
      socket.pause();
      const before = resident(stage.house.pid);
      const many = Buffer.concat(
        Array.from({ length: 2_000 }, (_, n) =>
          query(n % 2 ? 'drop table keepsake' : `select label from big`),
        ),
      );
      // Stalled: what it wrote last has not been taken for three seconds.
      let stalled = false;
      for (let sent = 0; !stalled && sent < 500 * 1024 * 1024; sent += many.length) {
        if (socket.write(many)) continue;
        const drained = new Promise((resolve) => socket.once('drain', () => resolve('drained')));
        stalled = (await Promise.race([drained, sleep(3_000, 'stalled')])) === 'stalled';
      }
      expect(stalled).toBe(true);
      expect(resident(stage.house.pid) - before).toBeLessThan(250);
      socket.destroy();
    }, 60_000);
  });
});

function opened(address: { host: string; port: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, noDelay: true }, () => resolve(socket));
    socket.once('error', reject).on('error', () => undefined);
  });
}

function once(socket: NodeJS.ReadableStream): Promise<unknown[]> {
  return new Promise((resolve) => socket.once('data', (...data: unknown[]) => resolve(data)).resume());
}

async function answer(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket)) as [Buffer];
  socket.pause();
  return bytes.toString('latin1');
}

/** Bytes that were answered. */
async function cancelRequest(door: { host: string; port: number }, key: Buffer): Promise<number> {
  const socket = await opened(door);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
  socket.write(Buffer.concat([int32(16), int32(80877102), key]));
  await new Promise((closed) => socket.once('close', closed));
  return bytes;
}

/** Connections that clients' sessions have to the server now. */
async function backends(stage: Stage): Promise<number> {
  return stage.count(
    "pg_stat_activity where usename = 'svc_orders' and application_name <> 'weirkeeper catalog'",
  );
}

function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
