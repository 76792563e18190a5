import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { byte, cstring, frontend, int16, int32, message } from '../../services/proxy/postgres/codec.js';
import { eventually, freePort, run, TestHouse } from '../support/house.js';
import { peer, requirePeer } from '../support/peers.js';
import { execution, query, RawClient, startup, sync } from '../support/raw-client.js';
import { errorsIn, rowsIn, type Report } from '../support/wire-reading.js';
import { leaksIn } from './canaries.js';
import { Stage } from './stage.js';
import { forged, tokenWith } from './tokens.js';

const cap = 4096;
const wrongPassword = 'not the right one 99';
const stack = /\n\s+at |node:internal|\.[jt]s:\d/;

describe.skipIf(!peer('postgres'))('bad input', () => {
  let stage: Stage;

  beforeAll(async () => {
    const down = await freePort();
    const here = 'protocol: postgres, host: 127.0.0.1, database: postgres, tls: disable, owner: nobody';
    stage = await Stage.build({
      yaml: `statements: { maxBytes: ${cap} }\nsessions: { startupTimeout: 1 }`,
      connections: [
        `name: down, ${here}, port: ${down}, user: svc_orders`,
        `name: badpass, ${here}, port: PORT, user: svc_orders, password: "${wrongPassword}"`,
        `name: nodb, ${here.replace('database: postgres', 'database: nowhere')}, port: PORT, user: svc_orders, password: "a password that no client may see 7"`,
        `name: super, ${here}, port: PORT, user: postgres, password: "correct horse 7 battery"`,
      ],
    });
  }, 120_000);
  afterAll(() => stage.down());

  /** Whatever a client did: the next one is served, masked, by a gate that nobody started again. */
  afterEach(async () => {
    await served();
    expect((await fetch(`${stage.house.url}/healthz`)).status).toBe(200);
    expect(leaksIn(stage.tap.everyByte, stage.canaries)).toEqual([]);
    stage.tap.forget();
  });

  async function served(): Promise<void> {
    const client = await RawClient.signIn(await stage.address());
    const rows = rowsIn(await client.ask(query('select name, email from customers where id = 3')));
    expect(rows.map((row) => row.map(String))).toEqual([['Customer 3', 'w***@example.com']]);
    expect(errorsIn(await client.ask(query('drop table keepsake')))).toMatchObject([{ sqlstate: '42501' }]);
    await client.end();
  }

  /** Signs in and returns the one line that turned it away. */
  async function turnedAway(connection: string, password?: string): Promise<Report> {
    const address = await stage.address(connection);
    const client = await RawClient.signIn({ ...address, ...(password === undefined ? {} : { password }) });
    await client.untilClosed();
    return onlyLine(client, 'FATAL');
  }

  /** The client got one error, on one line, without a stack, a credential or an address of the target. */
  function onlyLine(client: RawClient, severity: string): Report {
    const errors = errorsIn(client.frames);
    expect(errors).toMatchObject([{ severity }]);
    const [error] = errors as [Report];
    expect(error.message).toMatch(/^[^\n]{8,300}$/);
    expect(error.hint).not.toContain('\n');
    expect(error.detail).toBe('');
    const bytes = client.bytes.toString('latin1');
    expect(bytes).not.toMatch(stack);
    for (const secret of ['svc_orders', wrongPassword, 'correct horse', String(stage.postgres.port)])
      expect(bytes).not.toContain(secret);
    return error;
  }

  describe('at the door', () => {
    it('a password that is no token', async () => {
      expect((await turnedAway('orders', 'hunter2')).sqlstate).toBe('28P01');
      expect((await turnedAway('orders', '')).sqlstate).toMatch(/^28/);
    });

    it('a token whose signature is not the issuer’s', async () => {
      expect((await turnedAway('orders', forged(await stage.house.token('agent')))).sqlstate).toBe('28P01');
    });

    it('an expired token, and the same one while it lasts', async () => {
      const now = Math.floor(Date.now() / 1000);
      const error = await turnedAway(
        'orders',
        await tokenWith(stage.house, { iat: now - 600, exp: now - 300 }),
      );
      expect(error).toMatchObject({ sqlstate: '28P01' });
      expect(error.message).toContain('expired');
      const good = { ...(await stage.address()), password: await tokenWith(stage.house, { exp: now + 300 }) };
      const client = await RawClient.signIn(good);
      expect(errorsIn(client.frames)).toEqual([]);
      await client.end();
    });

    it('a token for another audience', async () => {
      expect((await turnedAway('orders', await tokenWith(stage.house, { aud: 'elsewhere' }))).sqlstate).toBe(
        '28P01',
      );
    });

    it('a connection that does not exist', async () => {
      const error = await turnedAway('nowhere');
      expect(error).toMatchObject({ sqlstate: '3D000' });
      expect(error.message).toContain('"nowhere"');
    });

    it('names no connection to a stranger', async () => {
      const [known, unknown] = [
        await turnedAway('orders', 'hunter2'),
        await turnedAway('nowhere', 'hunter2'),
      ];
      expect(known).toEqual(unknown);
    });

    it('a target that is down', async () => {
      const error = await turnedAway('down');
      expect(error).toMatchObject({ sqlstate: '08001' });
      expect(error.message).toContain('"down"');
    });

    it.each([
      ['refuses the credential', 'badpass'],
      ['has no such database', 'nodb'],
      ['would be used as a superuser', 'super'],
    ])('a target that %s', async (_what, connection) => {
      const error = await turnedAway(connection);
      expect(error).toMatchObject({ sqlstate: '08004' });
      expect(error.message).toContain(`"${connection}"`);
    });
  });

  describe('on the wire', () => {
    const unsaid = (frame: Buffer) => [
      frame,
      query("insert into scratch values ('behind a broken frame', 1)"),
    ];
    const lengthOf = (length: number) =>
      Buffer.concat([byte(frontend.query), int32(length), cstring('select 1')]);

    it.each<[string, Buffer]>([
      ['an unknown type', message(0x01)],
      ['a length of 0', lengthOf(0)],
      ['a length of 3', lengthOf(3)],
      ['a negative length', lengthOf(-5)],
      ['a length of 2 GiB', lengthOf(0x7fffffff)],
      ['a query without its end', message(frontend.query, Buffer.from('select 1'))],
      ['a query with something behind its end', message(frontend.query, 'select 1', 'select 2')],
      [
        'a Parse that promises more parameters',
        Buffer.concat([message(frontend.parse, '', 'select 1', int16(900)), sync]),
      ],
      [
        'a Bind that promises more values',
        Buffer.concat([message(frontend.bind, '', '', int16(0), int16(9)), sync]),
      ],
      [
        'a value longer than its Bind',
        Buffer.concat([message(frontend.bind, '', '', int16(0), int16(1), int32(99)), sync]),
      ],
      ['a Describe of nothing', Buffer.concat([message(frontend.describe, byte(0x58), ''), sync])],
      ['a Sync with something in it', message(frontend.sync, int32(7))],
    ])('%s', async (_what, frame) => {
      const client = await RawClient.signIn(await stage.address());
      client.write(...unsaid(frame));
      await client.untilClosed();
      expect(onlyLine(client, 'FATAL').sqlstate).toBe('08P01');
      expect(await stage.count('scratch')).toBe(0);
    });

    it.each<[string, Buffer]>([
      ['a length of 0', int32(0)],
      ['a length of 2 GiB', Buffer.concat([int32(0x7fffffff), int32(196608)])],
      ['a false version', startup({ user: 'a' }, 0x00630000)],
      ['no user', startup({ database: 'orders' })],
      ['a setting that may not be set', startup({ user: 'a', session_preload_libraries: 'evil' })],
      ['a request of HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: here\r\n\r\n')],
      ['random bytes', Buffer.from('16030100ffdeadbeef00010203', 'hex')],
    ])('a startup with %s', async (_what, bytes) => {
      const client = await RawClient.open({ host: '127.0.0.1', port: stage.tap.port });
      client.write(bytes);
      await client.untilClosed();
      expect(client.bytes.toString('latin1')).not.toMatch(stack);
      // What is no PostgreSQL client gets no PostgreSQL answer.
      if (errorsIn(client.frames).length > 0) onlyLine(client, 'FATAL');
    });

    it('a statement over the cap is refused, and the session goes on', async () => {
      const client = await RawClient.signIn(await stage.address());
      const long = `select '${'x'.repeat(cap)}'`;
      for (const ask of [query(long), Buffer.concat([execution(long), sync])]) {
        const [error] = errorsIn(await client.ask(ask));
        expect(error).toMatchObject({ severity: 'ERROR' });
        expect(error!.sqlstate).toMatch(/^(54000|42501)$/);
        expect(error!.message).toContain(String(cap));
      }
      const short = `select '${'x'.repeat(cap - 100)}' as x`;
      expect(rowsIn(await client.ask(query(short)))).toHaveLength(1);
      await client.end();
    });

    it('clients that say nothing, or half of it, hold nobody up and are sent away', async () => {
      const address = { host: '127.0.0.1', port: stage.tap.port };
      const silent = await Promise.all(Array.from({ length: 60 }, () => RawClient.open(address)));
      silent.slice(30).forEach((client) => client.write(startup({ user: 'a' }).subarray(0, 7)));
      const passwordless = await RawClient.open(address);
      passwordless.write(startup({ user: 'a', database: 'orders' }));
      const before = Date.now();
      await served();
      expect(Date.now() - before).toBeLessThan(1_500);
      await Promise.all([...silent, passwordless].map((client) => client.untilClosed(10_000)));
      expect(stage.tap.open).toBe(0);
    });
  });

  describe('in its files', () => {
    const policyFile = () => join(stage.house.dir, 'policies/agents.cedar');
    const broken = (text: string) =>
      text.replace('action == Action::"sql:ddl"', 'action == Action::"sql:dll"');
    const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

    it('a wrong key in weir.yaml: no start, and the line is named', async () => {
      const said = await failed(TestHouse.start({ yaml: 'listne:\n  http: 127.0.0.1:1' }));
      expect(said).toMatch(/weir\.yaml:\d+: listne: unknown key; did you mean "listen"\?/);
      expect(said).not.toMatch(/^\s+at /m);
    }, 60_000);

    it('a policy that does not validate: no start, and line and column are named', async () => {
      const text = broken(readFileSync(policyFile(), 'utf8'));
      const said = await failed(TestHouse.start({ policies: { 'agents.cedar': text } }));
      expect(said).toMatch(new RegExp(`agents\\.cedar:${lineOf(text, 'sql:dll')}:\\d+`));
    }, 60_000);

    it('a policy that does not validate later: it is named, and the last good set stays', async () => {
      const good = readFileSync(policyFile(), 'utf8');
      const place = new RegExp(`agents\\.cedar:${lineOf(good, '"sql:ddl"')}:\\d+`);
      const client = await RawClient.signIn(await stage.address());
      writeFileSync(policyFile(), broken(good));
      const published = await stage.house.weir('policy', 'publish');
      expect(published.code).not.toBe(0);
      expect(published.stderr).toMatch(place);
      expect(published.stderr).not.toMatch(stack);
      process.kill(stage.house.pid, 'SIGHUP');
      await eventually(() => place.test(stage.house.log));
      expect(errorsIn(await client.ask(query('drop table keepsake')))).toMatchObject([{ sqlstate: '42501' }]);
      expect(rowsIn(await client.ask(query('select title from tickets where id = 3')))).toHaveLength(1);
      await served();

      // Invariant 9: a good change holds on the open session within a second.
      writeFileSync(policyFile(), `${good}\n${noTickets}`);
      expect(await stage.house.weir('policy', 'publish')).toMatchObject({ code: 0 });
      await eventually(async () => {
        const [error] = errorsIn(await client.ask(query('select title from tickets where id = 3')));
        return error?.message.includes('tickets are private') ?? false;
      }, 1_000);
      writeFileSync(policyFile(), good);
      expect(await stage.house.weir('policy', 'publish')).toMatchObject({ code: 0 });
      await client.end();
    }, 30_000);

    it('a wrong key later: it is named, and the house goes on', async () => {
      const file = join(stage.house.dir, 'weir.yaml');
      const good = readFileSync(file, 'utf8');
      writeFileSync(file, `${good}\nmaskign: x\n`);
      const published = await stage.house.weir('policy', 'publish');
      expect(published.code).not.toBe(0);
      expect(published.stderr).toMatch(/weir\.yaml:\d+: maskign/);
      writeFileSync(file, good);
    });
  });

  it.skipIf(!peer('psql'))('psql shows one line and its hint', async () => {
    const env = { ...(await stage.libpq('nowhere')) };
    const { code, stderr } = await run(requirePeer('psql').program, ['-X', '-c', 'select 1'], { env });
    expect(code).toBe(2);
    expect(
      stderr
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('HINT')),
    ).toHaveLength(1);
  });
});

/** What a house that does not start says. */
async function failed(starting: Promise<TestHouse>): Promise<string> {
  const started = await starting.catch((error: unknown) => String(error));
  if (typeof started === 'string') return started;
  await started.stop();
  throw new Error('it started');
}

const noTickets = `
@id("test.no-tickets")
@reason("tickets are private")
forbid (principal, action == Action::"sql:select", resource in Table::"orders/public/tickets");
`;
