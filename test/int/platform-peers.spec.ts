import { readFileSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { peer, startPgBouncer, startPostgres, type PostgresServer } from '../support/peers.js';

const postgres = peer('postgres');
const pgbouncer = peer('pgbouncer');

async function ask(server: Pick<PostgresServer, 'host' | 'port'>, sql: string, more: pg.ClientConfig) {
  const client = new pg.Client({ host: server.host, port: server.port, database: 'postgres', ...more });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows[0];
  } finally {
    await client.end();
  }
}

describe.skipIf(!postgres)('a PostgreSQL for tests', () => {
  it.each(['scram-sha-256', 'md5', 'password'] as const)('asks for its password by %s', async (auth) => {
    const server = await startPostgres({ auth, settings: { log_statement: 'all' } });
    try {
      const login = { user: server.superuser, password: server.password };
      const stored = await ask(
        server,
        `select left(rolpassword, 3) as kind from pg_authid where oid = 10`,
        login,
      );
      expect(stored).toEqual({ kind: auth === 'md5' ? 'md5' : 'SCR' });
      await expect(ask(server, 'select 1', { ...login, password: 'wrong' })).rejects.toThrow(/password/);
      expect(readFileSync(server.logFile, 'utf8')).toContain('select left(rolpassword, 3)');
    } finally {
      await server.stop();
    }
  });

  it('speaks TLS with a certificate that a client can verify, and nothing else if told so', async () => {
    const server = await startPostgres({ ssl: 'only' });
    try {
      const login = { user: server.superuser, password: server.password };
      const ssl = { ca: readFileSync(server.certFile ?? '') };
      expect(
        await ask(server, 'select ssl from pg_stat_ssl where pid = pg_backend_pid()', { ...login, ssl }),
      ).toEqual({
        ssl: true,
      });
      await expect(ask(server, 'select 1', login)).rejects.toThrow(/no encryption/);
    } finally {
      await server.stop();
    }
  });

  it.skipIf(!pgbouncer)('serves through PgBouncer', async () => {
    const server = await startPostgres();
    const bouncer = await startPgBouncer(server);
    try {
      const login = { user: server.superuser, password: server.password };
      expect(await ask(bouncer, 'select 7 as n', login)).toEqual({ n: 7 });
    } finally {
      await bouncer.stop();
      await server.stop();
    }
  });
});
