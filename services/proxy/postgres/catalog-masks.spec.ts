import { describe, expect, it } from 'vitest';
import { NameHistory } from './catalog-history.js';
import type { MaskColumn } from './catalog-mask.js';
import { deriveMasks } from './catalog-masks.js';
import type { CatalogSnapshot, ViewFacts } from './catalog-snapshot.js';
import { snapshot, table, view } from './catalog.specimen.js';

const email = { class: 'email', transform: 'partial', lookup: true } as const;
const rule: MaskColumn = (_, table, column) => {
  if (column === 'email') return email;
  return table === 'cards' && column === 'number'
    ? { class: 'card', transform: 'hash', lookup: true }
    : undefined;
};

/** `table.column: class transform` of everything masked. */
function masked(of: CatalogSnapshot, by = rule, history = new NameHistory()): string[] {
  return [...deriveMasks(of, by, history.former)].flatMap(([oid, columns]) => {
    const { name, columns: known } = of.relations.get(oid)!;
    return [...columns].map(
      ([attnum, mask]) => `${name}.${known[attnum - 1]!.name}: ${mask.class} ${mask.transform}`,
    );
  });
}

describe('masks follow values', () => {
  it('down and up an inheritance tree, by name, whatever the order', () => {
    const relations = [
      table(1, 'a', 'id', 'mail'),
      table(2, 'b', 'mail', 'id'),
      table(3, 'c', 'id', 'mail'),
      table(4, 'd', 'mail'),
    ];
    const children = [
      { child: 3, parent: 2 },
      { child: 2, parent: 1 },
    ];
    const byName =
      (name: string): MaskColumn =>
      (_, of, column) =>
        of === name && column === 'mail' ? email : undefined;
    for (const name of ['a', 'b', 'c'])
      expect(masked(snapshot(relations, { children }), byName(name)).sort()).toEqual(
        ['a', 'b', 'c'].map((of) => `${of}.mail: email partial`),
      );
  });

  it('through views upon views, whatever the order', () => {
    const relations = [
      table(1, 'customers', 'id', 'email'),
      table(2, 'inner', 'x', 'y'),
      table(3, 'outer', 'z'),
      table(4, 'other', 'id'),
    ];
    const views = new Map([
      [3, view([[2, 1]])],
      [2, view([[1, 2]])],
      [4, view([[1, 1]])],
    ]);
    expect(masked(snapshot(relations, { views }))).toEqual([
      'customers.email: email partial',
      'inner.x: email whole',
      'inner.y: email whole',
      'outer.z: email whole',
    ]);
  });

  it('through whole rows, which name no column', () => {
    const relations = [table(1, 'customers', 'id', 'email'), table(2, 'v', 'x')];
    const of = (facts: ViewFacts) => masked(snapshot(relations, { views: new Map([[2, facts]]) })).slice(1);
    expect(of(view([[1, 0]], { wholeRow: true }))).toEqual(['v.x: email whole']);
    expect(of(view([[1, 1]], { wholeRow: true }))).toEqual(['v.x: email whole']);
    expect(of(view([[1, 0]]))).toEqual([]);
  });

  it('into a class of their own where several meet, and where a function may read anything', () => {
    const relations = [
      table(1, 'customers', 'email'),
      table(2, 'cards', 'number'),
      table(3, 'v', 'x'),
      table(4, 'f', 'x'),
    ];
    const views = new Map([
      [
        3,
        view([
          [1, 1],
          [2, 1],
        ]),
      ],
      [4, view([], { opaque: true })],
    ]);
    expect(masked(snapshot(relations, { views })).slice(2)).toEqual([
      'v.x: mixed whole',
      'f.x: opaque whole',
    ]);
    expect(masked(snapshot(relations, { views }), () => undefined)).toEqual([]);
  });

  it('into generated columns, also of a child, and into columns that hold rows', () => {
    const parent = table(1, 'customers', 'email');
    const child = table(2, 'child', 'email', 'made');
    const log = {
      ...table(3, 'log', 'was'),
      columns: [{ name: 'was', attnum: 1, typeOid: parent.rowType }],
    };
    const of = snapshot([log, child, parent], {
      children: [{ child: 2, parent: 1 }],
      generated: [{ relation: 2, from: 1, to: 2 }],
    });
    const only: MaskColumn = (_, name, column) =>
      name === 'customers' && column === 'email' ? email : undefined;
    expect(masked(of, only).sort()).toEqual([
      'child.email: email partial',
      'child.made: email whole',
      'customers.email: email partial',
      'log.was: email whole',
    ]);
  });
});

describe('masks of what holds rows', () => {
  const customers = { ...table(1, 'customers', 'email', 'number'), rowArrayType: 91 };
  const holder = (typeOid: number) => ({
    ...table(2, 'holder', 'held'),
    columns: [{ name: 'held', attnum: 1, typeOid }],
  });
  const holds = (columnType: number, more: Partial<CatalogSnapshot> = {}) =>
    masked(snapshot([holder(columnType), customers], more)).filter((mask) => mask.startsWith('holder'));

  it('go to arrays, domains in arrays, and composite types inside of composite types', () => {
    const composites = new Map([
      [71, { columns: [{ name: 'a', attnum: 1, typeOid: 70 }], arrayType: 72 }],
      [70, { columns: [{ name: 'b', attnum: 1, typeOid: customers.rowType }], arrayType: 0 }],
      [75, { columns: [{ name: 'c', attnum: 1, typeOid: 25 }], arrayType: 0 }],
    ]);
    const types = new Map([
      [80, { kind: 'domain', base: customers.rowType, element: 0 }],
      [81, { kind: 'base', base: 0, element: 80 }],
    ] as const);
    for (const type of [customers.rowType, 91, 70, 71, 72, 81])
      expect(holds(type, { composites, types })).toEqual(['holder.held: email whole']);
    for (const type of [75, 25]) expect(holds(type, { composites, types })).toEqual([]);
  });

  it('are of no one class where a later inherited mask brings a second', () => {
    const cards = table(3, 'cards', 'number');
    const children = [{ child: 1, parent: 3 }];
    expect(masked(snapshot([holder(customers.rowType), customers, cards], { children }))).toContain(
      'holder.held: mixed whole',
    );
  });

  it('go to TOAST tables, of materialized views too', () => {
    const toast = { ...table(9, 'pg_toast_2', 'chunk_id', 'chunk_seq', 'chunk_data'), kind: 't' };
    const m = { ...table(2, 'm', 'made'), kind: 'm', toast: 9 };
    const views = new Map([[2, view([[1, 1]])]]);
    expect(masked(snapshot([customers, m, toast], { views })).slice(2)).toEqual(
      ['chunk_id', 'chunk_seq', 'chunk_data'].map((name) => `pg_toast_2.${name}: email whole`),
    );
  });
});

describe('masks stick', () => {
  const before = snapshot([table(1, 'customers', 'id', 'email')]);
  const after = snapshot([table(1, 'people', 'id', 'contact')]);

  it('stay with a child that is let go, and with its children, by the rules of all that it had above it', () => {
    const parent = table(1, 'customers', 'id', 'email');
    const child = table(2, 'part', 'email', 'id');
    const grandchild = table(3, 'part_1', 'email');
    const top = table(4, 'top', 'email');
    const above = [{ child: 1, parent: 4 }];
    const below = [{ child: 3, parent: 2 }];
    const only: MaskColumn = (_, name, column) =>
      ['customers', 'top'].includes(name) ? rule('', name, column) : undefined;
    const whole = snapshot([parent, child, grandchild, top], {
      children: [...above, ...below, { child: 2, parent: 1 }],
    });
    const apart = snapshot([parent, child, grandchild, top], { children: [...above, ...below] });
    const history = new NameHistory();
    history.observe(whole, apart);
    expect(masked(apart, only, history)).toEqual(
      expect.arrayContaining(['part.email: email partial', 'part_1.email: email partial']),
    );
    const alone = snapshot([child, grandchild], { children: below });
    history.observe(apart, alone);
    expect(masked(alone, only, history)).toEqual([
      'part.email: email partial',
      'part_1.email: email partial',
    ]);
    expect(masked(alone, only)).toEqual([]);
    expect(masked(alone, () => undefined, history)).toEqual([]);
  });

  it('to a column under its new name, and to no other', () => {
    const history = new NameHistory();
    history.observe(before, after);
    expect(masked(after, rule, history)).toEqual(['people.contact: email partial']);
    history.observe(after, after);
    expect(masked(after, rule, history)).toEqual(['people.contact: email partial']);
    expect(masked(after, () => undefined, history)).toEqual([]);
  });

  it('not to what took a dropped table’s OID, nor to another database', () => {
    const history = new NameHistory();
    history.observe(before, after);
    history.observe(after, snapshot([]));
    expect(masked(after, rule, history)).toEqual([]);
    history.observe(before, after);
    history.observe(after, { ...after, identity: '2:1' });
    expect(masked(after, rule, history)).toEqual([]);
  });
});
