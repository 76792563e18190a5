import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureServerCertificate, endGently } from '#wire';
import { listen, type Listener } from '../../services/proxy/listener.js';
import { fatal, tooManyClients, welcome } from '../../services/proxy/postgres/auth.js';
import { CancelRegistry } from '../../services/proxy/postgres/cancel.js';
import {
  commandComplete,
  frontend,
  int32,
  readReport,
  readyForQuery,
} from '../../services/proxy/postgres/codec.js';
import { receiveClient, type Arrival } from '../../services/proxy/postgres/startup.js';
import { peer } from '../support/peers.js';

const run = promisify(execFile);
const sslRequest = Buffer.concat([int32(8), int32(80877103)]);
const gssRequest = Buffer.concat([int32(8), int32(80877104)]);
type Started = Extract<Arrival, { kind: 'startup' }>;

let dir: string;
let door: Listener;
let certificate: { cert: string };
const arrivals: Arrival[] = [];
const errors: unknown[] = [];
const cancels = new CancelRegistry({ index: 0, forwardCancel: () => Promise.resolve(false) });
const cancelled: string[] = [];

/** A door that lets everyone in and answers every query with nothing. */
async function serve(socket: Socket, secureContext: ReturnType<typeof createSecureContext>): Promise<void> {
  const arrival = await receiveClient(socket, { secureContext, timeoutMs: 700 });
  arrivals.push(arrival);
  if (arrival.kind === 'cancel') {
    await cancels.cancel(arrival.key);
    endGently(arrival.socket);
  }
  if (arrival.kind !== 'startup') return;
  if (arrival.password === 'wrong') return endGently(arrival.socket.end(fatal(new Error('no'))));
  const { key } = cancels.register(async () => void cancelled.push(arrival.parameters.database));
  arrival.socket.write(
    welcome(
      [
        ['client_encoding', 'UTF8'],
        ['server_version', '15.0'],
      ],
      key,
    ),
  );
  arrival.socket.on('data', (data: Buffer) => {
    if (data[0] === frontend.query)
      arrival.socket.write(Buffer.concat([commandComplete('SELECT 0'), readyForQuery('I')]));
    if (data[0] === frontend.terminate) endGently(arrival.socket);
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-door-'));
  const made = await ensureServerCertificate(dir);
  certificate = made;
  const secureContext = createSecureContext({ ...made, minVersion: 'TLSv1.2' });
  door = await listen({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 60,
    serve: (socket) => serve(socket, secureContext),
    refuse: (socket) => endGently(socket.end(tooManyClients)),
    onError: (error) => errors.push(error),
  });
});
afterEach(() => {
  arrivals.length = 0;
  errors.length = 0;
});
afterAll(async () => {
  await door.close(0);
  await rm(dir, { recursive: true });
});

function startup(
  pairs: Record<string, string> = { user: 'ana', database: 'orders' },
  version = 196608,
): Buffer {
  const text = Object.entries(pairs)
    .flat()
    .map((word) => `${word}\0`)
    .join('');
  const body = Buffer.concat([int32(version), Buffer.from(`${text}\0`)]);
  return Buffer.concat([int32(body.length + 4), body]);
}

function password(text: string): Buffer {
  return Buffer.concat([Buffer.from('p'), int32(text.length + 5), Buffer.from(`${text}\0`)]);
}

/** A client made of bytes: what it got, and a wait for some of it. */
class Raw {
  received = Buffer.alloc(0);
  closed = false;

  constructor(readonly socket: Socket | TLSSocket) {
    socket.on('data', (data: Buffer) => (this.received = Buffer.concat([this.received, data])));
    socket.on('error', () => undefined).on('close', () => (this.closed = true));
  }

  static open(): Raw {
    return new Raw(connect(door.port, '127.0.0.1'));
  }

  send(...parts: Buffer[]): this {
    this.socket.write(Buffer.concat(parts));
    return this;
  }

  async until(check: () => boolean): Promise<this> {
    for (let i = 0; i < 300 && !check(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    if (!check()) throw new Error(`waited in vain; got ${JSON.stringify(this.received.toString('latin1'))}`);
    return this;
  }

  bytes(count: number): Promise<this> {
    return this.until(() => this.received.length >= count);
  }

  /** The FATAL error that this client got, after which the socket was closed. */
  async refusal(): Promise<{
    code: string | undefined;
    message: string | undefined;
    hint: string | undefined;
  }> {
    await this.until(() => this.closed);
    const at = this.received.indexOf('E');
    const report = readReport(this.received, at, this.received.length);
    if (report.get('S') !== 'FATAL') throw new Error(`expected FATAL, got ${report.get('S')}`);
    return { code: report.get('C'), message: report.get('M'), hint: report.get('H') };
  }

  /** Goes on under TLS. */
  async tls(alpn?: string[]): Promise<Raw> {
    this.socket.removeAllListeners('data');
    const secured = connectTls({
      socket: this.socket,
      ca: certificate.cert,
      host: '127.0.0.1',
      ...(alpn && { ALPNProtocols: alpn }),
    });
    await new Promise((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
    return new Raw(secured);
  }
}

const askedForPassword = (raw: Raw) =>
  raw.until(() => raw.received.includes(Buffer.from('R\0\0\0\x08\0\0\0\x03', 'latin1')));
const isIn = (raw: Raw) => raw.until(() => raw.received.includes('Z\0\0\0\x05I'));

describe('the way in', () => {
  it('takes user, database, settings and password, in one go or byte by byte', async () => {
    const all = Buffer.concat([
      gssRequest,
      startup({
        user: 'ana',
        database: 'orders',
        application_name: 'spec',
        options: '-c datestyle=ISO --lock-timeout=5s',
      }),
      password('tökén'),
    ]);
    all.writeInt32BE(Buffer.byteLength('tökén') + 5, all.length - Buffer.byteLength('tökén') - 5);
    for (const step of [all.length, 1]) {
      arrivals.length = 0;
      const raw = Raw.open();
      raw.socket.setNoDelay(true);
      for (let i = 0; i < all.length; i += step) {
        raw.send(all.subarray(i, i + step));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await isIn(raw);
      const { parameters, password: given, tls } = arrivals[0] as Started;
      expect({ ...parameters, settings: Object.fromEntries(parameters.settings), given, tls }).toEqual({
        user: 'ana',
        database: 'orders',
        settings: { application_name: 'spec', DateStyle: 'ISO', lock_timeout: '5s' },
        given: 'tökén',
        tls: false,
      });
      expect(raw.received[0]).toBe(0x4e);
      raw.socket.destroy();
    }
  });

  it('goes through SSLRequest, with the password inside TLS', async () => {
    const raw = Raw.open().send(sslRequest);
    await raw.bytes(1);
    expect(raw.received.toString()).toBe('S');
    const secured = await raw.tls();
    await askedForPassword(secured.send(startup()));
    await isIn(secured.send(password('token')));
    expect(arrivals[0]).toMatchObject({ kind: 'startup', tls: true, password: 'token' });
    secured.socket.destroy();
  });

  it('goes through direct TLS where the client names the protocol, and only there', async () => {
    const secured = await Raw.open().tls(['postgresql']);
    await isIn(secured.send(startup(), password('token')));
    secured.socket.destroy();
    const unnamed = await Raw.open().tls();
    expect(await unnamed.refusal()).toMatchObject({ code: '08P01' });
    await expect(Raw.open().tls(['http/1.1'])).rejects.toThrow(/alert|ALPN|no application protocol/);
  });

  it('keeps what follows the password for the session', async () => {
    const raw = Raw.open().send(startup(), password('token'), Buffer.from('Q\0\0\0\x0cselect\0\0'));
    await raw.until(() => raw.received.includes('SELECT 0'));
    raw.socket.destroy();
  });

  it('takes a cancel request, plain and inside TLS', async () => {
    const raw = Raw.open().send(startup({ user: 'ana', database: 'cancel-me' }), password('token'));
    await isIn(raw);
    const at = raw.received.indexOf('K\0\0\0\x0c');
    const key = raw.received.subarray(at + 5, at + 13);
    const request = Buffer.concat([int32(16), int32(80877102), key]);
    const plain = Raw.open().send(request);
    await plain.until(() => plain.closed);
    const half = Raw.open().send(sslRequest);
    await half.bytes(1);
    const secured = (await half.tls()).send(request);
    await secured.until(() => secured.closed);
    expect(cancelled).toEqual(['cancel-me', 'cancel-me']);
    expect(plain.received).toHaveLength(0);
    const wrong = Buffer.from(request);
    wrong[15]! ^= 1;
    const other = Raw.open().send(wrong);
    await other.until(() => other.closed);
    expect(cancelled).toHaveLength(2);
    raw.socket.destroy();
  });

  it.each([
    ['3.2', 196610, {}, []],
    ['3.9999', 196608 + 9999, {}, []],
    ['3.0 with an unknown option', 196608, { '_pq_.what': '1' }, ['_pq_.what']],
  ])('negotiates %s down to 3.0', async (_, version, more, unknown) => {
    const raw = Raw.open().send(
      startup({ user: 'ana', database: 'orders', ...more }, version),
      password('t'),
    );
    await isIn(raw);
    const names = unknown.map((name) => `${name}\0`).join('');
    const expected = Buffer.concat([
      Buffer.from('v'),
      int32(12 + names.length),
      int32(196608),
      int32(unknown.length),
      Buffer.from(names),
    ]);
    expect(raw.received.subarray(0, expected.length)).toEqual(expected);
    raw.socket.destroy();
  });
});

describe('what is refused', () => {
  it.each<[string, Buffer[], string, RegExp?]>([
    ['data after SSLRequest in the clear (CVE-2021-23214)', [sslRequest, startup()], '08P01', /unencrypted/],
    ['GSSENCRequest twice', [gssRequest, gssRequest], '08P01'],
    ['protocol 2', [startup(undefined, 131072)], '08P01', /2\.0 is not served/],
    ['protocol 4', [startup(undefined, 262144)], '08P01'],
    ['a length of nothing', [int32(0)], '08P01'],
    ['a negative length', [int32(-5)], '08P01'],
    ['a length above the limit', [int32(10_001)], '08P01'],
    ['a packet without an end', [Buffer.concat([int32(12), int32(196608), Buffer.from('user')])], '08P01'],
    [
      'a parameter twice',
      [Buffer.concat([int32(25), int32(196608), Buffer.from('user\0a\0user\0b\0\0'), Buffer.alloc(2)])],
      '08P01',
    ],
    ['replication', [startup({ user: 'a', replication: 'database' })], '28000', /replication/],
    [
      'a setting off the list',
      [startup({ user: 'a', session_preload_libraries: 'x' })],
      '22023',
      /session_preload_libraries/,
    ],
    ['the same among options', [startup({ user: 'a', options: '-c role=admin' })], '22023', /role/],
    ['an option that is none', [startup({ user: 'a', options: '-f nope' })], '22023'],
    [
      'an encoding in which a letter may hold a quote',
      [startup({ user: 'a', client_encoding: 'SJIS' })],
      '22023',
      /SJIS/,
    ],
    ['backslashes that escape', [startup({ user: 'a', standard_conforming_strings: 'off' })], '22023'],
    ['no user', [startup({ database: 'orders' })], '22023'],
    [
      'a query in place of a password',
      [startup(), Buffer.from('Q\0\0\0\x05\0')],
      '08P01',
      /password was expected/,
    ],
    [
      'a password above the limit',
      [startup(), Buffer.concat([Buffer.from('p'), int32(16 * 1024 + 6)])],
      '08P01',
    ],
    ['a password that is not UTF-8', [startup(), Buffer.from('p\0\0\0\x06\xff\0', 'latin1')], '22023'],
  ])('%s', async (_, bytes, code, words = /./) => {
    const refusal = await Raw.open()
      .send(...bytes)
      .refusal();
    expect(refusal.code).toBe(code);
    expect(refusal.message).toMatch(words);
    expect(refusal.message).not.toMatch(/at .*\.ts|Error:/);
    expect(errors).toHaveLength(1);
  });

  it('SSLRequest inside TLS', async () => {
    const raw = Raw.open().send(sslRequest);
    await raw.bytes(1);
    const secured = (await raw.tls()).send(sslRequest);
    expect(await secured.refusal()).toMatchObject({ code: '08P01' });
  });

  it('a client that says nothing, while another is served', async () => {
    const silent = Raw.open();
    const half = Raw.open().send(int32(50));
    const started = performance.now();
    await isIn(Raw.open().send(startup(), password('token')));
    expect(performance.now() - started).toBeLessThan(500);
    expect(await silent.refusal()).toMatchObject({ code: '57014' });
    expect(await half.refusal()).toMatchObject({ code: '57014' });
  });

  it('nothing of a client that goes away', async () => {
    const raw = Raw.open().send(startup());
    await askedForPassword(raw);
    raw.socket.destroy();
    const brief = Raw.open();
    brief.socket.once('connect', () => brief.socket.destroy());
    Raw.open().send(Buffer.from([0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    const early = Raw.open().send(Buffer.from([frontend.terminate, 0, 0, 0, 4]), startup());
    await raw.until(() => arrivals.length === 4);
    expect(arrivals.map(({ kind }) => kind)).toEqual(['gone', 'gone', 'gone', 'gone']);
    expect(early.received).toHaveLength(0);
    expect(errors).toEqual([]);
  });

  it('more clients than there is room for, and not fewer', async () => {
    await Raw.open().until(() => door.connections <= 1);
    const held = Array.from({ length: 62 }, () => Raw.open().send(startup(), password('token')));
    await held[0]!.until(() => held.filter((raw) => raw.closed).length >= 2);
    const refused = held.filter((raw) => raw.closed);
    expect(refused.length).toBeLessThanOrEqual(4);
    expect(await refused[0]!.refusal()).toMatchObject({ code: '53300' });
    for (const raw of held) raw.socket.destroy();
  });
});

describe('real clients', () => {
  it.skipIf(!peer('psql')).each(['disable', 'require', 'verify-full'])(
    'psql with sslmode=%s',
    async (sslmode) => {
      const url = `host=127.0.0.1 port=${door.port} user=ana dbname=orders sslmode=${sslmode} sslrootcert=${join(dir, 'server.crt')}`;
      await run('psql', [url, '-X', '-c', 'select'], {
        env: { ...process.env, PGPASSWORD: 'token', PGCLIENTENCODING: 'SQL_ASCII' },
      });
      const arrival = arrivals.at(-1) as Started;
      expect(arrival.tls).toBe(sslmode !== 'disable');
      expect(arrival.parameters.settings.get('application_name')).toBe('psql');
      expect(arrival.parameters.settings.get('client_encoding')).toBe('UTF8');
    },
  );

  it('node-postgres, with TLS and without', async () => {
    for (const ssl of [false, { ca: certificate.cert }]) {
      const client = new pg.Client({
        host: 'localhost',
        port: door.port,
        user: 'ana',
        database: 'orders',
        password: 'x'.repeat(8000),
        ssl,
      });
      await client.connect();
      await client.query('select');
      await client.end();
      expect((arrivals.at(-1) as Started).password).toHaveLength(8000);
    }
  });
});
