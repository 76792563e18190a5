import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureServerCertificate, type ServerCertificate } from '#wire';
import { runCli } from '../../services/cli/cli.js';
import { createLocalListener } from '../../services/cli/connect/local.listener.js';
import { startFakeGate, type FakeGate } from '../support/fake-gate.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-connect-'));
let database: PostgresServer;
let certificate: ServerCertificate;
let gate: FakeGate;
let api: Server;
let url: string;
let minted: number;

describe.skipIf(!peer('postgres'))('weir connect', () => {
  beforeAll(async () => {
    database = await startPostgres({ auth: 'trust' });
    certificate = await ensureServerCertificate(join(folder, 'tls'));
    gate = await startFakeGate(database, certificate);
    api = createServer((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ subject: 'dev-agent', gate: { postgres: `127.0.0.1:${gate.port}` } }));
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    api.close();
    await gate.close();
    await database.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    minted = 0;
    gate.passwords.length = 0;
    gate.databases.length = 0;
  });

  async function withListener(use: (client: pg.ClientConfig) => Promise<void>, pinned = certificate.cert) {
    const errors: string[] = [];
    const listener = createLocalListener({
      connection: 'orders',
      gate: { host: '127.0.0.1', port: gate.port, pinned },
      token: () => Promise.resolve(`token-${++minted}`),
      onError: (message) => errors.push(message),
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    try {
      await use({ host: '127.0.0.1', port, user: 'me', database: 'ignored' });
    } finally {
      await new Promise((resolve) => listener.close(resolve));
    }
    return errors;
  }

  async function query(config: pg.ClientConfig, sql: string): Promise<unknown[]> {
    const client = new pg.Client(config);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  it('takes a client to the connection, with a fresh token each time and no password of its own', async () => {
    await withListener(async (client) => {
      expect(await query(client, 'select 7 as n')).toEqual([{ n: 7 }]);
      expect(await query(client, 'select 8 as n')).toEqual([{ n: 8 }]);
    });
    expect(gate.passwords).toEqual(['token-1', 'token-2']);
    expect(gate.databases).toEqual(['orders', 'orders']);
  });

  it('declines a local client that asks for TLS, which may then go on without', async () => {
    await withListener(async (client) => {
      await expect(query({ ...client, ssl: true }, 'select 1')).rejects.toThrow(/does not support SSL/);
      expect(await query(client, 'select 1 as n')).toEqual([{ n: 1 }]);
    });
  });

  it('carries large results and many sessions', async () => {
    await withListener(async (client) => {
      const sql = "select repeat('x', 1000) as t from generate_series(1, 20000)";
      const results = await Promise.all(Array.from({ length: 5 }, () => query(client, sql)));
      expect(results.map((rows) => rows.length)).toEqual(Array(5).fill(20_000));
    });
  });

  it('passes a cancel request on', async () => {
    await withListener(async (config) => {
      const client = new pg.Client(config);
      await client.connect();
      const sleeping = client.query('select pg_sleep(20)');
      const outcome = sleeping.then(
        () => 'it slept',
        (error: Error) => error.message,
      );
      const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
      const canceller = new pg.Client(config) as unknown as {
        connection: {
          connect(port: number, host: string): void;
          on(e: string, f: () => void): void;
          cancel(a: number, b: number): void;
        };
      };
      canceller.connection.on('connect', () => canceller.connection.cancel(processID, secretKey));
      // A cancel request that comes before the statement has begun cancels nothing.
      await new Promise((done) => setTimeout(done, 500));
      canceller.connection.connect(config.port ?? 0, '127.0.0.1');
      expect(await outcome).toMatch(/canceling statement/);
      await client.end();
    });
    expect(gate.cancels.count).toBe(1);
  });

  it('refuses a gate whose certificate is another, and sends it no token', async () => {
    const other = await ensureServerCertificate(mkdtempSync(join(folder, 'other-')));
    const errors = await withListener(async (client) => {
      await expect(query(client, 'select 1')).rejects.toThrow(/certificate is not accepted/);
    }, other.cert);
    expect(errors[0]).toMatch(/certificate is not accepted.*--tls-ca FILE.*WEIR_SHARED/);
    expect(gate.passwords).toEqual([]);
  });

  it('tells a client that the gate is away', async () => {
    const listener = createLocalListener({
      connection: 'orders',
      gate: { host: '127.0.0.1', port: 9, pinned: undefined },
      token: () => Promise.resolve('x'),
      onError: () => undefined,
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    await expect(query({ host: '127.0.0.1', port, user: 'me', database: 'd' }, 'select 1')).rejects.toThrow(
      /gate's listener at 127\.0\.0\.1:9 cannot be reached/,
    );
    listener.close();
  });

  it('runs a command with the way set, and ends with its exit code', async () => {
    const script = join(folder, 'client.mjs');
    const found = join(folder, 'found.json');
    writeFileSync(
      script,
      `import { writeFileSync } from 'node:fs';
       const { PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGSSLMODE } = process.env;
       writeFileSync(${JSON.stringify(found)}, JSON.stringify({ PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGSSLMODE }));
       process.exit(7);`,
    );
    mkdirSync(folder, { recursive: true });
    const env = { ...process.env, WEIR_TOKEN: 'tok', PGPASSWORD: 'not this one' };
    const code = await runCli(['connect', 'orders', '--', process.execPath, script], {
      env,
      url,
      dataDir: folder,
    });
    expect(code).toBe(7);
    const { default: way } = (await import(found, { with: { type: 'json' } })) as {
      default: Record<string, string>;
    };
    expect(way).toEqual({
      PGHOST: '127.0.0.1',
      PGPORT: expect.stringMatching(/^\d+$/) as string,
      PGUSER: 'dev-agent',
      PGDATABASE: 'orders',
      PGSSLMODE: 'disable',
    });
  });

  const psql = peer('psql');
  it.skipIf(!psql)('serves psql', async () => {
    const env = { ...process.env, WEIR_TOKEN: 'tok' };
    const out = join(folder, 'psql.out');
    const command = [psql?.program ?? '', '-X', '-At', '-o', out, '-c', 'select 40 + 2'];
    expect(await runCli(['connect', 'orders', '--', ...command], { env, url, dataDir: folder })).toBe(0);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(out, 'utf8')).toBe('42\n');
    expect(gate.passwords).toEqual(['tok']);
  });
});
