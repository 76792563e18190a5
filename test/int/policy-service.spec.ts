import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PolicyState } from '#domain';
import { ConnectionRegisteredSchema, ConnectionRemovedSchema } from '#events';
import { ManualClock, newId, type Principal } from '#kernel';
import { logFoldError, resolveConnectionSecret, type ConnectionConfig } from '#platform';
import { PolicyModule, PolicyPublisher } from '../../services/policy/index.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';
import { MemoryLog } from './approval.memory-log.js';

const secret = 'zq-password-5519';
const operator: Principal = {
  ...{ id: 'corp:olga', issuer: 'corp', subject: 'olga', kind: 'person', groups: ['platform'] },
};
const analyst: Principal = { ...operator, id: 'corp:amy', subject: 'amy', groups: ['auditors'] };
const allowReads = 'permit (principal, action == Action::"sql:select", resource);\n';
const orders = { name: 'orders', protocol: 'postgres', host: '10.0.0.5', database: 'orders', user: 'svc' };

describe('the policy service', () => {
  const clock = new ManualClock();
  let folder: ReturnType<typeof specFolder>;
  let log: MemoryLog;
  let house: House | undefined;

  const file = (name: string) => join(folder.path, name);
  const write = (name: string, text: string) => writeFileSync(file(name), text);
  const yaml = (text = '') => write('weir.yaml', `identity: { roles: { operator: [platform] } }\n${text}`);
  const state = () => {
    const fold = new PolicyState(logFoldError);
    for (const event of log.events) fold.apply(event);
    return fold;
  };
  const types = () => log.events.map(({ envelope }) => envelope.type.replace('weir.events.v1.', ''));
  const everything = () => Buffer.concat(log.events.map(({ raw }) => raw));
  const secrets = () => readdirSync(file('state/secrets'));

  async function start(): Promise<House> {
    await house?.close();
    const config = specConfig(folder.path, readFileSync(file('weir.yaml'), 'utf8'));
    house = await openHouse({ module: PolicyModule, log, clock, people: [operator, analyst], config });
    return house;
  }
  const call = (method: string, path: string, body?: unknown, headers?: object) =>
    (house as House).call('olga', method, path, body, headers);
  const publish = () => call('POST', '/policies/publish', { changeReference: 'git:abc' });

  beforeEach(() => {
    folder = specFolder();
    log = new MemoryLog(clock);
    mkdirSync(file('policies'));
    write('policies/10-reads.cedar', allowReads);
    yaml();
  });
  afterEach(async () => {
    log.release();
    await house?.close();
    house = undefined;
    folder.remove();
  });

  describe('what files say', () => {
    it('is published at start, and only once', async () => {
      await start();
      expect(types()).toEqual(['MaskingPublished', 'PoliciesPublished']);
      expect(state().policies?.files).toEqual([{ name: 'policies/10-reads.cedar', text: allowReads }]);
      expect(JSON.parse(state().masking?.rulesJson ?? '')).toHaveProperty('rules');
      await start();
      expect(log.events).toHaveLength(2);
    });

    it('is published again when told to, as far as it changed', async () => {
      await start();
      const { version } = state().policies ?? {};
      const nothing = { registered: [], removed: [], policies: null, masking: null, restart: [] };
      expect((await publish()).body).toEqual(nothing);
      write('policies/20-more.cedar', allowReads);
      write('masking.yaml', 'rules: [{ column: "*.customers.email", class: email }]\n');
      yaml(`masking: masking.yaml
connections:
  - { name: orders, protocol: postgres, host: 10.0.0.5, database: orders, user: svc, password: env:ORDERS }
`);
      const { status, body, headers } = await publish();
      expect([status, body['registered']]).toEqual([200, ['orders']]);
      expect(headers.get('weir-position')).toBe('weir.policy.v1/0/4');
      expect(state().policies?.version).toBe(body['policies']);
      expect(state().policies?.version).not.toBe(version);
      expect(JSON.parse(state().masking?.rulesJson ?? '')).toMatchObject({ rules: [{ class: 'email' }] });
      yaml();
      expect((await publish()).body).toMatchObject({ removed: ['orders'], policies: null });
      expect(state().connections.size).toBe(0);
    });

    it('is told apart from what holds only once the process starts again', async () => {
      await start();
      write('masking.yaml', 'rules: [{ column: "*.customers.email", class: email }]\n');
      yaml(
        'masking: masking.yaml\ndemo: true\nsessions: { maxAge: 60 }\nrecording: { maxResultBytes: 262144 }\n',
      );
      const { body } = await publish();
      expect(body['masking']).not.toBeNull();
      expect(body['restart']).toEqual(['sessions.maxAge', 'demo']);
      // Not until then, however often it is asked.
      expect((await publish()).body).toMatchObject({ masking: null, restart: ['sessions.maxAge', 'demo'] });
      yaml('masking: masking.yaml\n');
      expect((await publish()).body['restart']).toEqual([]);
    });

    it('is read again on SIGHUP', async () => {
      await start();
      write('policies/20-more.cedar', allowReads);
      process.emit('SIGHUP');
      await expect.poll(() => state().policies?.files.length).toBe(2);
    });

    it('stays as it was when it becomes invalid, and says file, line and column', async () => {
      await start();
      write(
        'policies/20-broken.cedar',
        'permit (\n  principal, action, resource\n) when { context.nope };\n',
      );
      write('masking.yaml', 'rules: []\n');
      yaml('masking: masking.yaml\n');
      const { status, body } = await publish();
      expect([status, body['code']]).toEqual([422, 'POLICY_INVALID']);
      expect(body['detail']).toMatch(/policies\/20-broken\.cedar:3:\d+/);
      expect(log.events).toHaveLength(2);
      await start(); // a restart with the broken set goes on with the last good one, and says so
      expect(log.events).toHaveLength(2);
      expect(house?.app.get(PolicyPublisher).stale).toMatch(/policies\/20-broken\.cedar:3:\d+/);
      rmSync(file('policies/20-broken.cedar'));
      expect((await publish()).status).toBe(200);
      expect(types()).toEqual(['MaskingPublished', 'PoliciesPublished', 'MaskingPublished']);
      expect(house?.app.get(PolicyPublisher).stale).toBeUndefined();
    });

    it('of masking names its line too', async () => {
      await start();
      write('masking.yaml', 'rules:\n  - { column: email, class: email }\n');
      yaml('masking: masking.yaml\n');
      const { status, body } = await publish();
      expect([status, body['code']]).toEqual([422, 'CONFIG_INVALID']);
      expect(body['detail']).toMatch(/masking\.yaml:2/);
    });

    it.each([
      ['a policy that does not compile', () => write('policies/10-reads.cedar', 'permit (\n'), /:\d+:\d+/],
      ['no policy at all', () => rmSync(file('policies/10-reads.cedar')), /no \*\.cedar file/],
      ['no folder of policies', () => rmSync(file('policies'), { recursive: true }), /does not exist/],
      [
        'a broken masking.yaml',
        () => (yaml('masking: m.yaml\n'), write('m.yaml', 'rule: []\n')),
        /m\.yaml:1/,
      ],
    ])('the very first start fails with %s', async (_, spoil, message) => {
      spoil();
      await expect(start()).rejects.toThrow(message);
      expect(log.events).toEqual([]);
    });
  });

  describe('connections through the API', () => {
    it('are registered, listed, changed and removed', async () => {
      await start();
      const created = await call('POST', '/connections', { ...orders, owner: 'payments' });
      expect(created.status).toBe(201);
      expect(created.body).toEqual({
        ...{ ...orders, port: 5432, tls: 'require', tlsCa: null, owner: 'payments' },
        ...{ allowPrivileged: false, password: 'none', registeredBy: 'api' },
      });
      expect(created.headers.get('weir-position')).toBe('weir.policy.v1/0/2');
      const { name, ...change } = { ...orders, host: '10.0.0.6' };
      const changed = await call('PUT', `/connections/${name}`, change);
      expect([changed.status, changed.body['host']]).toEqual([200, '10.0.0.6']);
      expect((await call('GET', '/connections/orders')).body['host']).toBe('10.0.0.6');
      expect((await call('GET', '/connections')).body['connections']).toHaveLength(1);
      expect((await call('DELETE', '/connections/orders')).status).toBe(200);
      expect((await call('GET', '/connections/orders')).status).toBe(404);
      expect((await call('DELETE', '/connections/orders')).body['code']).toBe('CONNECTION_UNKNOWN');
    });

    it('say which change they are of, each time, and say none where none was named', async () => {
      await start();
      const { name, ...rest } = orders;
      await call('POST', '/connections', { ...orders, changeReference: 'CHG-1' });
      await call('PUT', `/connections/${name}`, { ...rest, host: '10.0.0.6', changeReference: 'CHG-2' });
      await call('PUT', `/connections/${name}`, rest);
      await call('DELETE', `/connections/${name}?changeReference=CHG-3`);
      const said = log.events.map(({ envelope: { type, data } }) => {
        if (type.endsWith('ConnectionRegistered')) return fromBinary(ConnectionRegisteredSchema, data);
        return type.endsWith('ConnectionRemoved') ? fromBinary(ConnectionRemovedSchema, data) : undefined;
      });
      expect(said.flatMap((each) => (each ? [[each.owner, each.changeReference]] : []))).toEqual([
        ...[['api', 'CHG-1'], ['api', 'CHG-2'], ['api', ''], ['api', 'CHG-3']], // prettier-ignore
      ]);
    });

    it('are for operators', async () => {
      await start();
      for (const who of ['amy', '']) {
        const refused = await (house as House).call(who, 'POST', '/connections', orders);
        expect(refused.status).toBe(who ? 403 : 401);
        expect((await (house as House).call(who, 'GET', '/connections')).status).toBe(who ? 403 : 401);
      }
      expect(state().connections.size).toBe(0);
    });

    it('keep a password in a file of the gate, and nowhere else', async () => {
      const { config } = await start();
      const answers = [await call('POST', '/connections', { ...orders, password: secret })];
      answers.push(await call('GET', '/connections'), await call('GET', '/connections/orders'));
      expect(answers[0]?.body['password']).toBe('stored');
      expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain(secret);
      expect(everything().includes(secret)).toBe(false);
      const { connection } = state().connections.get('orders') ?? {};
      expect(connection?.passwordRef).toMatch(/^literal:orders\.[0-9a-z]+$/);
      expect(await resolveConnectionSecret(connection as never, config.dataDir)).toBe(secret);
      const [stored] = secrets();
      expect(statSync(file(`state/secrets/${stored}`)).mode & 0o777).toBe(0o600);
      expect(statSync(file('state/secrets')).mode & 0o777).toBe(0o700);
    });

    it('forget a password that was replaced or whose connection went', async () => {
      const { config } = await start();
      const { name, ...rest } = orders;
      await call('POST', '/connections', { ...orders, password: secret });
      expect((await call('PUT', `/connections/${name}`, { ...rest, password: 'other' })).status).toBe(200);
      expect(secrets()).toHaveLength(1);
      const { connection } = state().connections.get('orders') ?? {};
      expect(await resolveConnectionSecret(connection as never, config.dataDir)).toBe('other');
      await call('DELETE', '/connections/orders');
      expect(secrets()).toEqual([]);
      write('state/secrets/orders.0rphan', 'left by a crash');
      const young = `orders.${newId('s').slice(2)}`;
      write(`state/secrets/${young}`, 'of another replica, which has not said so yet');
      await start();
      expect(secrets()).toEqual([young]);
    });

    it('send a stored password nowhere else without being given it again', async () => {
      await start();
      const { name, ...rest } = orders;
      await call('POST', '/connections', { ...orders, password: secret });
      const moved = await call('PUT', `/connections/${name}`, { ...rest, host: 'evil.example' });
      expect([moved.status, moved.body['code']]).toEqual([400, 'INPUT_INVALID']);
      expect((await call('PUT', `/connections/${name}`, { ...rest, tls: 'disable' })).status).toBe(400);
      const kept = await call('PUT', `/connections/${name}`, { ...rest, owner: 'payments' });
      expect([kept.status, kept.body['password']]).toEqual([200, 'stored']);
      const given = await call('PUT', `/connections/${name}`, { ...rest, host: 'db2', password: secret });
      expect([given.status, given.body['host']]).toEqual([200, 'db2']);
    });

    it('take no references to the gate’s own environment and files', async () => {
      await start();
      for (const password of ['env:HOME', 'file:/etc/passwd'])
        expect((await call('POST', '/connections', { ...orders, password })).status).toBe(400);
      expect((await call('POST', '/connections', { ...orders, passwrd: 'x' })).status).toBe(400);
      expect((await call('POST', '/connections', { ...orders, name: '../x' })).status).toBe(400);
      expect((await call('POST', '/connections', { ...orders, port: 0 })).status).toBe(400);
      expect((await call('POST', '/connections', orders)).status).toBe(201);
    });

    it('exist once by name', async () => {
      await start();
      log.hold(); // the second comes while the first is appended, but not folded
      const answers = Promise.all([
        call('POST', '/connections', orders),
        call('POST', '/connections', orders),
      ]);
      await expect.poll(() => types().filter((type) => type === 'ConnectionRegistered').length).toBe(1);
      await pause(50);
      expect(types().filter((type) => type === 'ConnectionRegistered')).toHaveLength(1);
      log.release();
      expect((await answers).map(({ status }) => status).toSorted()).toEqual([201, 409]);
    });

    it('the same Idempotency-Key is the same write', async () => {
      await start();
      const key = { 'idempotency-key': 'k-1' };
      const first = await call('POST', '/connections', { ...orders, password: secret }, key);
      const again = await call('POST', '/connections', { ...orders, password: secret }, key);
      expect([first.status, again.status]).toEqual([201, 201]);
      expect(again.body).toEqual(first.body);
      expect(secrets()).toHaveLength(1);
      for (const other of [{ database: 'other' }, { password: 'another' }, { password: undefined }]) {
        const refused = await call('POST', '/connections', { ...orders, password: secret, ...other }, key);
        expect([refused.status, refused.body['code']]).toEqual([422, 'KEY_REUSED']);
      }
      const gone = { 'idempotency-key': 'k-2' };
      expect((await call('DELETE', '/connections/orders', undefined, gone)).status).toBe(200);
      expect((await call('DELETE', '/connections/orders', undefined, gone)).status).toBe(200);
      expect(types().slice(2)).toEqual(['ConnectionRegistered', 'ConnectionRemoved']);
    });

    it('answer 202 with the event’s id when the fold is late', { timeout: 15_000 }, async () => {
      await start();
      log.hold();
      const { status, body, headers } = await call('POST', '/connections', orders);
      expect([status, body]).toEqual([202, { id: log.events.at(-1)?.envelope.id, status: 'accepted' }]);
      log.release();
      const from = { 'weir-position': headers.get('weir-position') };
      const read = await call('GET', '/connections/orders', undefined, from);
      expect(read.status).toBe(200);
    });
  });

  describe('a set has one owner', () => {
    const listed = (password = 'env:ORDERS') =>
      yaml(`connections:
  - { name: billing, protocol: postgres, host: db, database: billing, user: svc, password: "${password}" }
`);

    it('connections listed in weir.yaml are the file’s', async () => {
      listed();
      await start();
      for (const [method, path, body] of [
        ['POST', '/connections', orders],
        ['PUT', '/connections/billing', { ...orders, name: undefined }],
        ['DELETE', '/connections/billing', undefined],
      ] as const) {
        const answer = await call(method, path, body);
        expect([method, answer.status, answer.body['code']]).toEqual([method, 409, 'SET_OWNED_ELSEWHERE']);
      }
      expect((await call('GET', '/connections/billing')).body).toMatchObject({
        ...{ registeredBy: 'file', password: 'env:ORDERS' },
      });
    });

    it('the file takes no set that the API holds, until the API lets go', async () => {
      await start();
      await call('POST', '/connections', orders);
      listed();
      const refused = await publish();
      expect([refused.status, refused.body['code']]).toEqual([409, 'SET_OWNED_ELSEWHERE']);
      await start();
      expect([...state().connections.keys()]).toEqual(['orders']);
      expect((await call('DELETE', '/connections/orders')).status).toBe(200);
      expect((await publish()).body['registered']).toEqual(['billing']);
      expect((await call('POST', '/connections', orders)).status).toBe(409);
    });

    it('what the house serves itself is nobody’s', async () => {
      yaml('demo: true\n');
      await start();
      const publisher = (house as House).app.get(PolicyPublisher, { strict: false });
      const demo: ConnectionConfig = {
        ...{ name: 'demo', protocol: 'postgres', host: '127.0.0.1', port: 4001, database: 'demo' },
        ...{ user: 'demo', password: secret, tls: 'disable', owner: 'house', allowPrivileged: true },
      };
      await publisher.registerHouse(demo);
      await publisher.registerHouse(demo);
      expect(types().slice(2)).toEqual(['ConnectionRegistered']);
      expect((await call('POST', '/connections', orders)).status).toBe(201);
      for (const method of ['PUT', 'DELETE']) {
        const { name: _, ...change } = orders;
        const answer = await call(method, '/connections/demo', method === 'PUT' ? change : undefined);
        expect(answer.body['code']).toBe('SET_OWNED_ELSEWHERE');
      }
      expect((await publish()).body).toMatchObject({ removed: [] });
      await publisher.registerHouse({ ...demo, port: 4002 });
      expect(state().connections.get('demo')?.connection.port).toBe(4002);
      yaml();
      expect((await publish()).body).toMatchObject({ removed: ['demo'] });
      expect(everything().includes(secret)).toBe(false);
    });

    it('a literal password of weir.yaml is kept aside; a new one is a changed connection', async () => {
      listed(secret);
      const { config } = await start();
      expect(everything().includes(secret)).toBe(false);
      await start();
      expect(types().filter((type) => type === 'ConnectionRegistered')).toHaveLength(1);
      listed('another');
      await publish();
      const { connection } = state().connections.get('billing') ?? {};
      expect(await resolveConnectionSecret(connection as never, config.dataDir)).toBe('another');
      expect(secrets()).toHaveLength(1);
    });

    it('policies are the file’s', async () => {
      await start();
      const files = [{ name: 'a.cedar', text: allowReads }];
      const refused = await call('POST', '/policies', { files });
      expect([refused.status, refused.body['code']]).toEqual([409, 'SET_OWNED_ELSEWHERE']);
      expect((await call('GET', '/policies')).body).toMatchObject({
        ...{ owner: 'file', files: [{ name: 'policies/10-reads.cedar' }] },
      });
    });

    it('or the API’s, with `policies: api`', async () => {
      yaml('policies: api\n');
      await start();
      expect((await call('GET', '/policies')).status).toBe(404);
      const broken = await call('POST', '/policies', { files: [{ name: 'a.cedar', text: 'permit (' }] });
      expect([broken.status, broken.body['code']]).toEqual([422, 'POLICY_INVALID']);
      const files = [{ name: 'a.cedar', text: allowReads }];
      const key = { 'idempotency-key': 'k-1' };
      const created = await call('POST', '/policies', { files, changeReference: 'T-1' }, key);
      expect([created.status, created.body['files']]).toEqual([201, files]);
      expect((await call('POST', '/policies', { files, changeReference: 'T-1' }, key)).status).toBe(201);
      const other = await call('POST', '/policies', { files, changeReference: 'T-2' }, key);
      expect([other.status, other.body['code']]).toEqual([422, 'KEY_REUSED']);
      expect(types()).toEqual(['MaskingPublished', 'PoliciesPublished']);
      expect((await publish()).body['policies']).toBeNull();
    });
  });

  describe('a simulation', () => {
    const ask = (text: string, more: object = {}) =>
      call('POST', '/policies/simulate', {
        ...{ principal: { subject: 'bot', kind: 'agent', groups: ['agents'] }, connection: 'orders', text },
        ...more,
      });

    it('says what would be decided, by the published policies or by a draft', async () => {
      await start();
      await call('POST', '/connections', orders);
      const read = await ask('select id from orders');
      expect([read.status, read.body['decision'], read.body['snapshot']]).toEqual([
        ...[200, 'allow', state().policies?.version],
      ]);
      expect((await ask('delete from orders where id = 1')).body['decision']).toBe('deny');
      const files = [{ name: 'draft.cedar', text: 'permit (principal, action, resource);\n' }];
      expect((await ask('delete from orders where id = 1', { files })).body['decision']).toBe('allow');
      expect((await ask('selec nonsense')).body['decision']).toBe('deny');
      expect((await call('POST', '/policies/simulate', { text: 'select 1' })).status).toBe(400);
      expect((await ask('select 1', { connection: 'none' })).status).toBe(404);
      expect(state().connections.size).toBe(1);
    });
  });
});
