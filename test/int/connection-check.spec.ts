import { createServer, type AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkItem, type CheckItem } from '../../services/proxy/check.item.js';
import { freePort, TestHouse } from '../support/house.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';

const password = 'zq-check-7713';

describe.skipIf(!peer('postgres'))('a connection is tried', () => {
  let postgres: PostgresServer;
  let house: TestHouse;
  beforeAll(async () => {
    postgres = await startPostgres({ auth: 'scram-sha-256' });
    const admin = new pg.Client({ ...postgres, user: postgres.superuser });
    await admin.connect();
    await admin.query(`create role svc login password '${password}'`);
    await admin.end();
    house = await TestHouse.start({
      env: { RIGHT: password, WRONG: 'zq-wrong-5530' },
    });
  }, 120_000);
  afterAll(async () => {
    await house?.stop();
    await postgres?.stop();
  });

  const target = (more: object = {}) => ({
    ...{ protocol: 'postgres', host: postgres.host, port: postgres.port, database: postgres.database },
    ...{ user: 'svc', password, tls: 'disable', ...more },
  });
  const add = (name: string, more?: object) =>
    house.json('operator', '/api/connections', { name, ...target(more) });
  const check = async (name: string): Promise<CheckItem> =>
    checkItem.parse(await house.json('operator', `/api/connections/${name}/check`, {}));
  const weirAdd = (name: string, secret: string, ...more: string[]) => {
    const { host, port, database, user } = target();
    const options = ['--host', host, '--port', String(port), '--database', database, '--user', user];
    return house.weir(
      'connections',
      'add',
      name,
      ...options,
      '--tls',
      'disable',
      '--password-env',
      secret,
      ...more,
    );
  };

  it('when it is added, and the command says what answered', async () => {
    const { code, stdout, stderr } = await weirAdd('right', 'RIGHT');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^added right; .*\nreached: PostgreSQL 15\.\d+, without TLS\n$/);
    expect((await house.weir('connections', 'check', 'right')).stdout).toMatch(/^reached: PostgreSQL 15/);
    const json = await weirAdd('machine', 'RIGHT', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'machine', check: { reached: true } });
  }, 60_000);

  it('and stays added where that fails', async () => {
    const { code, stdout, stderr } = await weirAdd('wrong', 'WRONG');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^added wrong/)]);
    const says = /not reached: .* refused Weirkeeper's credential\n.*password/;
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^warning: [^]*again: \.\/weir connections check wrong\n$/);
    expect((await house.fetch('operator', '/api/connections/wrong')).status).toBe(200);
    const again = await house.weir('connections', 'check', 'wrong');
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toMatch(says);
  }, 60_000);

  it('and says why not, and what to do', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done));
    const mighty = { user: postgres.superuser, password: postgres.password };
    const cases = {
      closed: [{ port: await freePort() }, 'TARGET_UNREACHABLE', /nothing listens there/, /host and port/],
      mute: [{ port: (mute.address() as AddressInfo).port }, 'TARGET_UNREACHABLE', /does not answer/, /host/],
      nowhere: [{ host: 'nowhere.invalid' }, 'TARGET_UNREACHABLE', /can't be reached/, /host/],
      absent: [{ database: 'absent' }, 'TARGET_REFUSED', /no such database/, /database/],
      plain: [{ tls: 'require' }, 'TARGET_UNTRUSTED', /tls: disable takes it without/, /--tls/],
      mighty: [mighty, 'TARGET_REFUSED', /privileged role \(.*superuser/, /a role of its own/],
    } as const;
    for (const [name, [more, code, reason, hint]] of Object.entries(cases)) {
      await add(name, more);
      const begun = Date.now();
      expect(await check(name), name).toMatchObject({
        ...{ reached: false, code },
        ...{ reason: expect.stringMatching(reason) as string, hint: expect.stringMatching(hint) as string },
      });
      expect(Date.now() - begun).toBeLessThan(9_000);
    }
    mute.close();
  }, 90_000);

  it('by operators, by its name, and no answer holds a credential', async () => {
    const ask = async (role: string, name: string) => {
      const answer = await house.fetch(role, `/api/connections/${name}/check`, { method: 'POST' });
      return [answer.status, ((await answer.json()) as { code?: string }).code];
    };
    await add('guarded');
    for (const role of ['agent', 'approver', 'auditor', 'security'])
      expect(await ask(role, 'guarded')).toEqual([403, 'FORBIDDEN']);
    expect(await ask('operator', 'guarded')).toEqual([200, undefined]);
    expect(await ask('operator', 'never-added')).toEqual([404, 'CONNECTION_UNKNOWN']);
    await add('foiled', { password: 'zq-wrong-5530' });
    const told = JSON.stringify([await check('guarded'), await check('foiled'), house.log]);
    for (const secret of [password, 'zq-wrong-5530']) expect(told).not.toContain(secret);
  }, 60_000);
});
