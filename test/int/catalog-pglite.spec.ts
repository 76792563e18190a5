import { createServer, type Server } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TargetAddress } from '../../services/proxy/gate/gate.js';
import { openCatalog, type MaskColumn } from '../../services/proxy/postgres/catalog.js';
import { connectTarget } from '../../services/proxy/postgres/target.js';
import { maskedColumns } from '../support/masked-columns.js';

// PGlite has one backend: whoever connects shares its session, so the bridge lets one message in at a time.
let db: PGlite;
let server: Server;
let address: TargetAddress;

const rule: MaskColumn = (_, __, column) =>
  column === 'email' ? { class: 'email', transform: 'partial', lookup: true } : undefined;

beforeAll(async () => {
  db = await PGlite.create();
  await db.exec(`create table customers (id int, email text);
    create view v_email as select email as contact from customers;
    create view v_whole as select c.id, c from customers c;
    create table made (email text, low text generated always as (lower(email)) stored)`);
  server = createServer((socket) => {
    let last = Promise.resolve();
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      last = last.then(async () => void socket.write(await db.execProtocolRaw(data)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const tls = 'disable';
  address = {
    name: 'demo',
    host: '127.0.0.1',
    port,
    database: 'postgres',
    user: 'postgres',
    password: '',
    tls,
    allowPrivileged: true,
    owner: '',
  };
});
afterAll(async () => {
  server.close();
  await db.close();
});

it('logs in to PGlite and reads its catalog', async () => {
  const source = await openCatalog(address, rule);
  const catalog = source.current();
  const names = catalog.namesFor(() => false);
  expect([...(maskedColumns(catalog, 'customers') as Map<string, unknown>).keys()]).toEqual(['email']);
  expect(maskedColumns(catalog, 'v_email')).toEqual(new Map([['contact', { class: 'email', lookup: true }]]));
  expect([...(maskedColumns(catalog, 'v_whole') as Map<string, unknown>).keys()].sort()).toEqual(['c', 'id']);
  expect([...(maskedColumns(catalog, 'made') as Map<string, unknown>).keys()].sort()).toEqual([
    'email',
    'low',
  ]);
  expect(names.isBuiltinFunction('lower')).toBe(true);
  expect(await source.refresh()).toBe(source.current());
  await db.exec('create table fresh (email text)');
  expect(maskedColumns(await source.refresh(), 'fresh')).not.toBe('unknown');
  source.close();
});

it('is refused as a privileged role, unless that is allowed', async () => {
  await expect(connectTarget({ ...address, allowPrivileged: false })).rejects.toThrow(
    /privileged role \(.*superuser/,
  );
  const target = await connectTarget(address);
  expect(await target.query('select 1')).toEqual([['1']]);
  target.close();
});
