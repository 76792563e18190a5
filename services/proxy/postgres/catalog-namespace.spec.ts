import { describe, expect, it } from 'vitest';
import type { CatalogRelation } from '#statement';
import type { CatalogMask, Masks } from './catalog-mask.js';
import { Namespaces } from './catalog-namespace.js';
import type { SearchPath } from './catalog-name-index.js';
import type { Relation } from './catalog-snapshot.js';
import { byOid, snapshot, table } from './catalog.specimen.js';

let nextOid = 20_000;

function relation(schema: string, name: string, ...columns: string[]): Relation {
  return { ...table(schema === 'pg_catalog' ? nextOid++ - 10_000 : nextOid++, name, ...columns), schema };
}

const customers = relation('public', 'customers', 'id', 'email', 'ssn');
const shopCustomers = relation('shop', 'customers', 'id', 'email');
const orders = relation('shop', 'orders', 'id');
const tempCustomers = relation('pg_temp_3', 'customers', 'id');
const othersTemp = relation('pg_temp_4', 'mine', 'id');
const shadow = relation('shop', 'pg_class', 'oid');
const pgClass = relation('pg_catalog', 'pg_class', 'oid');
const pgType = relation('pg_catalog', 'pg_type', 'oid');

const of = snapshot([customers, shopCustomers, orders, tempCustomers, othersTemp, shadow], {
  system: byOid([pgClass, pgType]),
  composites: new Map([[7, { columns: [{ name: 'x', attnum: 1, typeOid: 25 }], arrayType: 8 }]]),
  functions: new Set(['upper']),
  operators: new Set(['===']),
});
const email = { class: 'email', transform: 'partial', lookup: true } as const;
const ssn = { class: 'ssn', transform: 'whole', lookup: false } as const;
const masks: Masks = new Map([
  [customers.oid, new Map<number, CatalogMask>().set(2, email).set(3, ssn)],
  [shopCustomers.oid, new Map<number, CatalogMask>().set(2, email)],
]);

const namespaces = new Namespaces(of, masks);
const nothing = () => false;
const place = (found: CatalogRelation | 'unknown' | 'unclear') =>
  typeof found === 'string' ? found : `${found.schema}.${found.name}`;
const means = (path: SearchPath, name: string, schema?: string) => {
  const space = namespaces.of(path);
  const asked = { name, ...(schema === undefined ? {} : { schema }) };
  const policies = space.resolve(asked).map(place);
  return [place(space.namesFor(nothing).relation(asked)), ...policies];
};

describe('a name in a session', () => {
  it.each<[string, SearchPath, string, string[]]>([
    ['the first schema of the path', ['pg_catalog', 'public', 'shop'], 'customers', ['public.customers']],
    ['the first in another order', ['pg_catalog', 'shop', 'public'], 'customers', ['shop.customers']],
    ['a temporary relation before all', ['pg_temp_3', 'pg_catalog', 'public'], 'customers', ['pg_temp_3.customers']],
    ['a temporary relation where pg_temp stands', ['pg_catalog', 'public', 'pg_temp_3'], 'customers', ['public.customers']],
    ['nobody else’s temporary relation', ['pg_temp_3', 'pg_catalog', 'public'], 'mine', ['unknown']],
    ['the server’s own before the path', ['pg_catalog', 'shop'], 'pg_class', ['pg_catalog.pg_class']],
    ['what stands before pg_catalog', ['shop', 'pg_catalog'], 'pg_class', ['shop.pg_class']],
    ['nothing of another schema', ['pg_catalog', 'public'], 'orders', ['unknown']],
    ['nothing on an empty path', [], 'customers', ['unknown']],
  ])('is %s', (_, path, name, expected) => {
    const found = expected[0] === 'unknown' ? [] : expected;
    expect(means(path, name)).toEqual([expected[0], ...found]);
  }); // prettier-ignore

  it('with a schema is that one’s, whatever the path', () => {
    for (const path of [['pg_catalog'], 'unknown'] as const) {
      expect(means(path, 'customers', 'shop')).toEqual(['shop.customers', 'shop.customers']);
      expect(means(path, 'customers', 'nowhere')).toEqual(['unknown']);
      expect(means(path, 'mine', 'pg_temp_4')).toEqual(['pg_temp_4.mine', 'pg_temp_4.mine']);
    }
  });

  it('with pg_temp is the session’s own temporary one', () => {
    const own = ['pg_temp_3.customers', 'pg_temp_3.customers'];
    expect(means(['pg_catalog', 'public', 'pg_temp_3'], 'customers', 'pg_temp')).toEqual(own);
    expect(means(['pg_catalog', 'public'], 'customers', 'pg_temp')).toEqual(['unknown']);
    expect(means('unknown', 'customers', 'pg_temp')).toEqual(own);
  });

  it('is the only one of its name where the path is not known, else unclear; policies see all', () => {
    expect(means('unknown', 'orders')).toEqual(['shop.orders', 'shop.orders']);
    expect(means('unknown', 'pg_type')).toEqual(['pg_catalog.pg_type', 'pg_catalog.pg_type']);
    expect(means('unknown', 'nope')).toEqual(['unknown']);
    expect(means('unknown', 'pg_class')).toEqual(['unclear', 'pg_catalog.pg_class', 'shop.pg_class']);
    expect(means('unknown', 'customers')).toEqual([
      'unclear', 'public.customers', 'shop.customers', 'pg_temp_3.customers',
    ]); // prettier-ignore
  });
});

describe('columns', () => {
  const path = ['pg_catalog', 'public'];
  const sensitive = (reveals: (dataClass: string) => boolean) => {
    const found = namespaces.of(path).namesFor(reveals).relation({ name: 'customers' }) as CatalogRelation;
    return found.columns.map((column) => `${column.name} ${column.sensitive?.class ?? '-'}`);
  };

  it('are sensitive unless their class is revealed', () => {
    expect(sensitive(nothing)).toEqual(['id -', 'email email', 'ssn ssn']);
    expect(sensitive((dataClass) => dataClass === 'email')).toEqual(['id -', 'email -', 'ssn ssn']);
    expect(sensitive(() => true)).toEqual(['id -', 'email -', 'ssn -']);
    const names = namespaces.of(path).namesFor((dataClass) => dataClass === 'email');
    expect([names.anySensitive, namespaces.of(path).namesFor(() => true).anySensitive]).toEqual([
      true,
      false,
    ]);
  });

  it('say where lookups may be made', () => {
    const found = namespaces.of(path).namesFor(nothing).relation({ name: 'customers' }) as CatalogRelation;
    expect(found.columns.map((column) => column.sensitive?.lookup)).toEqual([undefined, true, false]);
  });

  it('of tables that inherit from one another have their look-ups counted at one', () => {
    const [parent, child, grandchild, other] = [
      table(30_001, 'parent', 'id', 'email'),
      table(30_002, 'child', 'email', 'id'),
      table(30_003, 'grandchild', 'note', 'email'),
      table(30_004, 'other', 'email'),
    ];
    const inheriting = snapshot([grandchild, child, parent, other], {
      children: [
        { child: 30_003, parent: 30_002 },
        { child: 30_002, parent: 30_001 },
      ],
    });
    const at = (oid: number, attnum: number) => [oid, new Map([[attnum, email]])] as const;
    const all = new Map([at(30_001, 2), at(30_002, 1), at(30_003, 2), at(30_004, 1)]);
    const seen = new Namespaces(inheriting, all).of(['public']).namesFor(nothing);
    const counted = (name: string) => {
      const found = seen.relation({ name });
      return typeof found === 'string' ? found : found.columns.find((c) => c.sensitive)?.sensitive?.countedAt;
    };
    const one = { tableOid: 30_001, attnum: 2 };
    expect(['parent', 'child', 'grandchild'].map(counted)).toEqual([one, one, one]);
    expect(counted('other')).toBeUndefined();
  });

  it('of a row type are its table’s, of a composite type its own', () => {
    const names = namespaces.of(path).namesFor(nothing);
    expect(names.composite(customers.rowType)?.map((column) => column.sensitive?.class)).toEqual([
      undefined, 'email', 'ssn',
    ]); // prettier-ignore
    expect(names.composite(7)).toEqual([{ name: 'x', attnum: 1, typeOid: 25 }]);
    expect(names.composite(pgClass.rowType)?.[0]?.name).toBe('oid');
    expect(names.composite(25)).toBeUndefined();
  });
});

it('knows whose functions and operators are', () => {
  const names = namespaces.of(['pg_catalog']).namesFor(nothing);
  expect([names.isBuiltinFunction('upper'), names.isBuiltinFunction('lower')]).toEqual([false, true]);
  expect([names.isBuiltinOperator('==='), names.isBuiltinOperator('=')]).toEqual([false, true]);
});

describe('identity', () => {
  it('is kept for the same path and the same revealed classes, and for no other', () => {
    const one = namespaces.of(['pg_catalog', 'public']);
    expect(namespaces.of(['pg_catalog', 'public'])).toBe(one);
    expect(namespaces.of(['public', 'pg_catalog'])).not.toBe(one);
    expect(namespaces.of('unknown')).not.toBe(one);
    expect(one.namesFor(() => false)).toBe(one.namesFor((dataClass) => dataClass === 'phone'));
    expect(one.namesFor(() => true)).not.toBe(one.namesFor(() => false));
    expect(new Namespaces(of, masks).of(['pg_catalog', 'public'])).not.toBe(one);
  });

  it('is not kept for ever, nor for a path that changes under it', () => {
    const few = new Namespaces(of, masks);
    const path = ['pg_catalog', 'public'];
    const first = few.of(path);
    path.push('shop');
    expect(few.of(['pg_catalog', 'public'])).toBe(first);
    for (let i = 0; i < 300; i++) few.of([`s${i}`]);
    expect(few.of(['pg_catalog', 'public'])).not.toBe(first);
  });
});
