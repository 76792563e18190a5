import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  backend,
  byte,
  frontend,
  int16,
  message,
  readyForQuery,
} from '../../services/proxy/postgres/codec.js';
import { eventually, TestHouse } from '../support/house.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';
import { execution, query, RawClient, sync } from '../support/raw-client.js';
import { errorsIn, noticesIn, of, rowsIn } from '../support/wire-reading.js';
import { HostileTarget, type Deed } from './hostile-target.js';

const secret = 'CANARY-7f3a91-of-the-server';
const text = 25;
const describing = (...types: number[]) =>
  message(backend.rowDescription, int16(types.length), ...types.flatMap((type, n) => [`c${n}`, 0, int16(0), type, int16(-1), -1, int16(0)])); // prettier-ignore
const row = (...values: string[]) =>
  message(backend.dataRow, int16(values.length), ...values.flatMap((v) => [v.length, Buffer.from(v)]));
const tag = (words = 'SELECT 1') => message(backend.commandComplete, words);
const ready = readyForQuery('I');
const status = (name: string, value: string) => message(backend.parameterStatus, name, value);
const report = (type: number, fields: Readonly<Record<string, string>>) =>
  message(type, ...Object.entries(fields).map(([letter, value]) => letter + value), byte(0));
const raw = (type: string, length: number) => {
  const header = Buffer.from(`${type}\0\0\0\0`, 'latin1');
  header.writeInt32BE(length, 1);
  return header;
};
const says =
  (...bytes: Buffer[]): Deed =>
  (gate) =>
    void gate.write(Buffer.concat(bytes));

/** Each ends the session with one line: an answer that can't be attributed can't be masked. */
const refused: Readonly<Record<string, Deed>> = {
  'row-first': says(row(secret), tag(), ready),
  'too-many-values': says(describing(text), row('a', secret, 'b'), tag(), ready),
  'too-few-values': says(describing(text, text), row(secret), tag(), ready),
  'value-beyond-its-row': says(describing(text), message(backend.dataRow, int16(1), 5_000, Buffer.from(secret)), tag(), ready), // prettier-ignore
  'value-of-negative-size': says(describing(text), message(backend.dataRow, int16(1), -9), tag(), ready),
  'bytes-behind-the-last-value': says(describing(text), message(backend.dataRow, int16(1), 1, Buffer.from(`a${secret}`)), ready), // prettier-ignore
  'another-description-in-mid-result': says(describing(text), row('a'), describing(text, text), row(secret), ready), // prettier-ignore
  'a-description-that-lies': says(message(backend.rowDescription, int16(900), secret)),
  'ready-twice': says(describing(text), row('a'), tag(), ready, ready),
  'complete-unasked': says(tag(), ready, tag()),
  'rows-unasked': says(tag(), ready, describing(text), row(secret)),
  'parse-complete': says(message(backend.parseComplete), ready),
  suspended: says(describing(text), row('a'), message(backend.portalSuspended), ready),
  'copy-both': says(message(backend.copyBothResponse, byte(0), int16(0))),
  'copy-in': says(message(backend.copyInResponse, byte(0), int16(0))),
  'copy-out': says(message(backend.copyOutResponse, byte(0), int16(0)), message(backend.copyData, Buffer.from(secret))), // prettier-ignore
  'function-result': says(message(backend.functionCallResponse, secret.length, Buffer.from(secret)), ready),
  'authentication-again': says(message(backend.authentication, 3)),
  'a-cancel-key': says(message(backend.backendKeyData, 4711, Buffer.from(secret))),
  'another-version': says(message(backend.negotiateProtocolVersion, 196608, 1, secret)),
  'a-type-that-is-none': says(message(0xff, secret)),
  'a-client-message': says(message(frontend.bind, secret)),
  'a-state-that-is-none': says(tag(), message(backend.readyForQuery, byte(0x51))),
  'a-tag-without-end': says(message(backend.commandComplete, Buffer.from(secret))),
  'an-error-without-end': says(message(backend.errorResponse, Buffer.from(`M${secret}`))),
  'length-0': says(raw('T', 0)),
  'length-3': says(raw('D', 3)),
  'length-negative': says(raw('D', -1)),
  'length-2-gib': says(raw('D', 2 ** 31 - 1), Buffer.from(secret)),
};

/** The client hears of the end, and of nothing else. */
const gone: Readonly<Record<string, Deed>> = {
  'closes-mid-frame': (gate) =>
    void gate.end(Buffer.concat([describing(text), raw('D', 500), Buffer.from('x')])),
  'half-open': (gate) => void gate.end(),
  reset: (gate) => void gate.resetAndDestroy(),
};

const flood = async (gate: Socket, bytes: Buffer, times: number) => {
  for (let n = 0; n < times && !gate.destroyed; n++)
    if (!gate.write(bytes))
      await new Promise((drained) => gate.once('drain', drained).once('close', drained));
};

/** The session goes on afterwards. */
const borne: Readonly<Record<string, Deed>> = {
  'settings-flood': async (gate) => {
    for (let n = 0; n < 200; n++)
      await flood(
        gate,
        Buffer.concat(Array.from({ length: 100 }, (_, i) => status(`x${n}_${i}`, secret))),
        1,
      );
    gate.write(Buffer.concat([status('session_authorization', secret), tag(), ready]));
  },
  'notification-flood': async (gate) => {
    await flood(gate, message(backend.notificationResponse, 7, 'channel', secret), 50_000);
    gate.write(Buffer.concat([tag(), ready]));
  },
  'notice-flood': async (gate) => {
    await flood(
      gate,
      report(backend.noticeResponse, { S: 'NOTICE', C: '00000', M: 'said', D: secret }),
      20_000,
    );
    gate.write(Buffer.concat([tag(), ready]));
  },
  'error-flood': async (gate) => {
    await flood(
      gate,
      report(backend.errorResponse, { S: 'ERROR', C: '22000', M: 'said', D: secret }),
      20_000,
    );
    gate.write(ready);
  },
  'notice-of-10-mb': says(
    report(backend.noticeResponse, { S: 'NOTICE', C: '00000', M: `"${secret}" `.repeat(330_000) }),
    tag(),
    ready,
  ),
  'error-of-10-mb': says(report(backend.errorResponse, { S: 'ERROR', C: '22000', M: `${secret}"`.repeat(350_000) }), ready), // prettier-ignore
  // CVE-2026-6666: PgBouncer followed a null pointer where an ErrorResponse had no SQLSTATE.
  'error-without-sqlstate': says(report(backend.errorResponse, { M: 'no code' }), ready),
  'error-of-nothing': says(report(backend.errorResponse, {}), ready),
};

const silent: Readonly<Record<string, Deed>> = {
  'never-answers': () => undefined,
  'promises-60-mb': says(describing(text), raw('D', 60 * 1024 * 1024), Buffer.from('a')),
};

describe.skipIf(!peer('postgres'))('a target that turns on the gate', () => {
  let postgres: PostgresServer;
  let target: HostileTarget;
  let house: TestHouse;

  beforeAll(async () => {
    postgres = await startPostgres({ auth: 'trust' });
    const { host, port, superuser: user, database } = postgres;
    const admin = new pg.Client({ host, port, user, database });
    await admin.connect();
    await admin.query(`create role svc login; create table people (id int, email text);
      insert into people values (1, 'walter@example.com'); grant select on people to svc`);
    await admin.end();
    target = await HostileTarget.start(postgres, { ...refused, ...gone, ...borne, ...silent });
    const line = (name: string, at: number) =>
      `  - { name: ${name}, protocol: postgres, host: 127.0.0.1, port: ${at}, database: ${database}, tls: disable, user: svc, password: x, owner: nobody }`;
    house = await TestHouse.start({
      yaml: ['connections:', line('evil', target.port), line('good', port)].join('\n'),
    });
  }, 120_000);
  afterAll(async () => {
    await house.stop();
    await target.stop();
    await postgres.stop();
  });

  const signIn = async (connection: string) => RawClient.signIn(await house.client(connection));
  const deed = (name: string) => query(`select 'deed:${name}'`);

  /** Whatever a target did: other sessions are served, masked, by a gate that nobody started again. */
  afterEach(async () => {
    const client = await signIn('good');
    const rows = rowsIn(await client.ask(query('select email from people')));
    expect(rows.map(String)).toEqual(['w***@example.com']);
    await client.end();
  });

  it.each(Object.keys(refused))('%s: the session ends with one line', async (name) => {
    const client = await signIn('evil');
    client.write(deed(name));
    await client.untilClosed();
    expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL', sqlstate: '08P01' }]);
    expect(client.bytes.includes(secret)).toBe(false);
  });

  it.each(['row-first', 'copy-in', 'another-description-in-mid-result', 'ready-twice', 'suspended'])(
    '%s, to an extended-protocol client',
    async (name) => {
      const client = await signIn('evil');
      client.write(execution(`select 'deed:${name}'`), sync);
      await client.untilClosed();
      expect(errorsIn(client.frames)).toMatchObject([{ severity: 'FATAL', sqlstate: '08P01' }]);
    },
  );

  it('nothing that a client copies into a statement which is no COPY reaches the target', async () => {
    const client = await signIn('evil');
    const before = target.received.length;
    client.write(
      deed('copy-in'),
      message(frontend.copyData, Buffer.from(secret)),
      message(frontend.copyDone),
    );
    await client.untilClosed();
    expect(target.received.slice(before).join()).not.toContain(secret);
  });

  it.each(Object.keys(gone))('%s: the client is told by the end of its connection', async (name) => {
    const client = await signIn('evil');
    client.write(deed(name));
    await client.untilClosed();
    await eventually(() => target.received.length > 0);
  });

  it.each(Object.keys(borne))('%s: borne, nothing leaks, and memory stays', async (name) => {
    const client = await signIn('evil');
    const before = residentMegabytes(house.pid);
    await client.ask(deed(name));
    expect(client.bytes.includes(secret)).toBe(false);
    expect(residentMegabytes(house.pid) - before).toBeLessThan(150);
    if (name.startsWith('error')) expect(errorsIn(client.frames).length).toBeGreaterThan(0);
    if (name === 'notice-flood') expect(noticesIn(client.frames)).toHaveLength(20_000);
    client.destroy();
  });

  it('one that never answers is cancelled, and let go when its client leaves', async () => {
    const client = await signIn('evil');
    const [open, cancels] = [target.open, target.cancels];
    client.write(deed('never-answers'));
    await eventually(() => target.received.some((said) => said.includes('never-answers')));
    await client.cancel();
    await eventually(() => target.cancels === cancels + 1);
    client.destroy();
    await eventually(() => target.open < open);
  });

  it('memory follows the bytes that came, not the length that was promised', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => signIn('evil')));
    const before = residentMegabytes(house.pid);
    for (const client of clients) client.write(deed('promises-60-mb'));
    await Promise.all(clients.map((client) => client.until((frames) => of('T', frames).length > 0)));
    await sleep(200);
    expect(residentMegabytes(house.pid) - before).toBeLessThan(60);
    for (const client of clients) client.destroy();
  });
});

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
