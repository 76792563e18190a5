import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket, connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAppError, type ErrorCode } from '#kernel';
import { ensureServerCertificate } from '#wire';
import type { TargetAddress } from '../../services/proxy/gate/gate.js';
import { connectTarget } from '../../services/proxy/postgres/target.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';

const user = 'svc_orders';
const password = 'pässwörd ½ 7731';

function addressOf(server: PostgresServer, more: Partial<TargetAddress> = {}): TargetAddress {
  const { host, port } = server;
  const tls = 'disable';
  return {
    name: 'orders',
    host,
    port,
    database: 'postgres',
    user,
    password,
    tls,
    allowPrivileged: false,
    owner: '',
    ...more,
  };
}

/** Runs SQL as the superuser, with the server's own client. */
function sql(server: PostgresServer, text: string): void {
  const env = { ...process.env, PGPASSWORD: server.password };
  const args = [
    '-h',
    server.host,
    '-p',
    String(server.port),
    '-U',
    server.superuser,
    '-d',
    'postgres',
    '-X',
    '-q',
  ];
  execFileSync('psql', [...args, '-v', 'ON_ERROR_STOP=1', '-c', text], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function failure(promise: Promise<unknown>): Promise<{ code: ErrorCode; message: string }> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAppError(error)) throw new Error(`expected an AppError, got ${String(error)}`);
  return error;
}

describe.skipIf(!peer('postgres'))('logging in to a target (invariant 4)', () => {
  for (const auth of ['scram-sha-256', 'md5', 'password', 'trust'] as const) {
    describe(`with ${auth}`, () => {
      let server: PostgresServer;
      beforeAll(async () => {
        const encryption = auth === 'md5' ? 'md5' : 'scram-sha-256';
        server = await startPostgres({ auth, settings: { password_encryption: encryption } });
        sql(server, `create role ${user} login password '${password}'`);
      });
      afterAll(() => server.stop());

      it('gets in, and answers queries of our own', async () => {
        const target = await connectTarget(addressOf(server), new Map([['application_name', 'spec']]));
        expect(
          await target.query(
            `select 1, null, 'ä' union all select 2, 'x', current_setting('application_name') order by 1`,
          ),
        ).toEqual([
          ['1', null, 'ä'],
          ['2', 'x', 'spec'],
        ]);
        expect(target.parameters.get('server_version')).toMatch(/^\d+/);
        expect(target.parameters.get('standard_conforming_strings')).toBe('on');
        await expect(target.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
        expect(await target.query('select 3')).toEqual([['3']]);
        target.close();
      });

      it.skipIf(auth === 'trust')('is refused with a wrong password, in words of our own', async () => {
        const error = await failure(connectTarget(addressOf(server, { password: 'wrong' })));
        expect(error.code).toBe('TARGET_REFUSED');
        expect(error.message).toBe(`the target of connection "orders" refused Weirkeeper's credential`);
      });
    });
  }
});

describe.skipIf(!peer('postgres'))('a target with TLS', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ ssl: 'only' });
    sql(server, `create role ${user} login password '${password}'`);
  });
  afterAll(() => server.stop());

  it('is used under require, with SCRAM bound to the channel', async () => {
    const target = await connectTarget(addressOf(server, { tls: 'require' }));
    expect(await target.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).toEqual([['t']]);
    target.close();
  });

  it('is used under verify-full where CA and name fit', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const target = await connectTarget(
        addressOf(server, { tls: 'verify-full', tlsCa: server.certFile!, host }),
      );
      expect(target.tls).toBe(true);
      target.close();
    }
  });

  it('is not trusted under verify-full without its CA', async () => {
    const error = await failure(connectTarget(addressOf(server, { tls: 'verify-full' })));
    expect(error.code).toBe('TARGET_UNTRUSTED');
  });

  it('is not trusted under verify-full by another name', async () => {
    const address = addressOf(server, { tls: 'verify-full', tlsCa: server.certFile!, host: '127.0.0.2' });
    const relay = createServer((client) => pipeBoth(client, server)).listen(0, '127.0.0.2');
    await new Promise((resolve) => relay.once('listening', resolve));
    const port = (relay.address() as { port: number }).port;
    expect((await failure(connectTarget({ ...address, port }))).code).toBe('TARGET_UNTRUSTED');
    // The same relay is fine where the name is not asked about.
    const target = await connectTarget({ ...address, port, tls: 'require' });
    target.close();
    relay.close();
  });

  it('finds out a relay that ends TLS itself, by the channel that SCRAM is bound to', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'weir-relay-'));
    const certificate = await ensureServerCertificate(dir);
    const relay = createServer((client) => void relayTls(client, server, certificate)).listen(0, '127.0.0.1');
    await new Promise((resolve) => relay.once('listening', resolve));
    const port = (relay.address() as { port: number }).port;
    const error = await failure(connectTarget(addressOf(server, { tls: 'require', port })));
    expect(error.code).toBe('TARGET_REFUSED');
    relay.close();
    await rm(dir, { recursive: true });
    expect(readFileSync(server.logFile, 'utf8')).toMatch(/SCRAM channel binding check failed/);
  });

  it('cancels what runs, over TLS', async () => {
    const target = await connectTarget(addressOf(server, { tls: 'require' }));
    const sleeping = target.query('select pg_sleep(30)');
    setTimeout(() => void target.cancel(), 200);
    await expect(sleeping).rejects.toMatchObject({ code: '57014' });
    target.close();
  });

  it('refuses a plain connection, and says so in words of our own', async () => {
    const error = await failure(connectTarget(addressOf(server)));
    expect(error.code).toBe('TARGET_REFUSED');
    expect(error.message).not.toMatch(/pg_hba|127\.0\.0\.1|svc_orders/);
  });
});

/** Someone between: TLS with a certificate of its own to us, TLS to the server, every byte passed on. */
async function relayTls(
  client: Socket,
  server: PostgresServer,
  certificate: { cert: string; key: string },
): Promise<void> {
  const upstream = connect(server.port, server.host).on('error', () => undefined);
  await once(
    client.on('error', () => undefined),
    'data',
  ).then(([data]) => upstream.write(data as Buffer));
  client.pause();
  await once(upstream, 'data').then(([data]) => client.write(data as Buffer));
  upstream.pause();
  const near = new TLSSocket(client, { isServer: true, ...certificate });
  const far = connectTls({ socket: upstream, rejectUnauthorized: false });
  near.on('error', () => far.destroy()).pipe(far);
  far.on('error', () => near.destroy()).pipe(near);
}

function pipeBoth(client: Socket, server: PostgresServer): void {
  const upstream = connect(server.port, server.host);
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const)
    from.on('error', () => to.destroy()).pipe(to);
}

describe.skipIf(!peer('postgres'))('the role of a connection', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    sql(server, `create role ${user} login password '${password}'`);
  });
  afterAll(() => server.stop());

  const grants: readonly (readonly [name: string, grant: string, revoke: string])[] = [
    ['superuser', `alter role ${user} superuser`, `alter role ${user} nosuperuser`],
    ['replication', `alter role ${user} replication`, `alter role ${user} noreplication`],
    ['createrole', `alter role ${user} createrole`, `alter role ${user} nocreaterole`],
    ...['pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'].map(
      (role) => [role, `grant ${role} to ${user}`, `revoke ${role} from ${user}`] as const,
    ),
    [
      'pg_read_server_files',
      `create role files noinherit; grant pg_read_server_files to files; grant files to ${user}`,
      `drop role files`,
    ],
  ];
  for (const [name, grant, revoke] of grants) {
    it(`is refused with ${name} (${grant.slice(0, 24)}…), unless that is allowed`, async () => {
      sql(server, grant);
      try {
        const error = await failure(connectTarget(addressOf(server)));
        expect(error.code).toBe('TARGET_REFUSED');
        expect(error.message).toContain(name);
        const target = await connectTarget(addressOf(server, { allowPrivileged: true }));
        target.close();
      } finally {
        sql(server, revoke);
      }
    });
  }

  it('is taken with rights over data alone', async () => {
    sql(server, `grant pg_read_all_data, pg_monitor to ${user}; alter role ${user} bypassrls`);
    const target = await connectTarget(addressOf(server));
    target.close();
  });

  it('may not turn off what the gate relies on', async () => {
    sql(server, `alter role ${user} set standard_conforming_strings = off`);
    const target = await connectTarget(addressOf(server));
    expect(await target.query('show standard_conforming_strings')).toEqual([['on']]);
    target.close();
  });

  it('names a missing database, and a setting that the server refuses', async () => {
    expect((await failure(connectTarget(addressOf(server, { database: 'nope' })))).message).toMatch(
      /no such database/,
    );
    const error = await failure(connectTarget(addressOf(server), new Map([['TimeZone', 'Nowhere/At_all']])));
    expect(error.message).toMatch(/startup setting/);
  });
});

describe('a target that breaks the rules', () => {
  let server: Server | undefined;
  afterAll(() => server?.close());

  async function target(answer: (socket: Socket, data: Buffer) => void): Promise<TargetAddress> {
    server?.close();
    server = createServer((socket) =>
      socket.on('error', () => undefined).on('data', (data) => answer(socket, data)),
    );
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return {
      name: 'orders',
      host: '127.0.0.1',
      port,
      database: 'd',
      user,
      password,
      tls: 'disable',
      allowPrivileged: false,
      owner: '',
    };
  }

  it.each([
    ['offers no TLS where it is demanded', 'require', Buffer.from('N')],
    ['adds bytes before TLS is up', 'require', Buffer.from('SEvil')],
    ['answers nonsense', 'require', Buffer.from('?')],
    ['states a false length', 'disable', Buffer.from([0x52, 0x7f, 0xff, 0xff, 0xff])],
    ['sends rows instead of a login', 'disable', Buffer.from([0x44, 0, 0, 0, 6, 0, 0])],
  ] as const)('%s: TARGET_UNTRUSTED', async (_, tls, bytes) => {
    const address = await target((socket) => socket.write(bytes));
    expect((await failure(connectTarget({ ...address, tls }))).code).toBe('TARGET_UNTRUSTED');
  });

  it('asks for SCRAM and then claims that all is well', async () => {
    const sasl = Buffer.from('R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0', 'latin1');
    let asked = false;
    const address = await target((socket) => {
      socket.write(asked ? Buffer.from('R\0\0\0\x08\0\0\0\0', 'latin1') : sasl);
      asked = true;
    });
    const error = await failure(connectTarget(address));
    expect(error.message).toMatch(/skipped its own proof/);
  });

  it('asks for the password in the clear without TLS, from elsewhere', async () => {
    // Only loopback is served here, so the check is shown by a name that is not loopback's.
    const address = await target((socket) => socket.write(Buffer.from('R\0\0\0\x08\0\0\0\x03', 'latin1')));
    const error = await failure(connectTarget({ ...address, host: '0.0.0.0' }));
    expect(error.message).toMatch(/in the clear/);
  });

  it('closes at once, or is not there', async () => {
    const address = await target((socket) => socket.destroy());
    expect((await failure(connectTarget(address))).code).toBe('TARGET_UNREACHABLE');
    server!.close();
    expect((await failure(connectTarget({ ...address, port: 1 }))).code).toBe('TARGET_UNREACHABLE');
  });
});
