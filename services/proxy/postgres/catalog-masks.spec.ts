import { describe, expect, it } from 'vitest';
import { NameHistory } from './catalog-history.js';
import type { MaskColumn } from './catalog-mask.js';
import { deriveMasks } from './catalog-masks.js';
import type { CatalogSnapshot, Relation, ViewFacts } from './catalog-snapshot.js';

const email = { class: 'email', transform: 'partial', lookup: true } as const;
const rule: MaskColumn = (_, table, column) => {
  if (column === 'email') return email;
  return table === 'cards' && column === 'number'
    ? { class: 'card', transform: 'hash', lookup: true }
    : undefined;
};

function table(oid: number, name: string, ...columns: string[]): Relation {
  return {
    oid,
    schema: 'public',
    name,
    kind: 'r',
    version: '1',
    toast: 0,
    rowType: oid + 10_000,
    rowArrayType: 0,
    columns: columns.map((column, i) => ({ name: column, attnum: i + 1, typeOid: 25 })),
  };
}

function snapshot(relations: Relation[], more: Partial<CatalogSnapshot> = {}): CatalogSnapshot {
  return {
    identity: '1:1',
    relations: new Map(relations.map((relation) => [relation.oid, relation])),
    system: new Map(),
    composites: new Map(),
    rewritten: [],
    definitions: new Map(),
    children: [],
    views: new Map(),
    generated: [],
    functions: new Set(),
    operators: new Set(),
    types: new Map(),
    words: new Set(),
    ...more,
  };
}

const view = (reads: [number, number][], more: Partial<ViewFacts> = {}): ViewFacts => ({
  reads: reads.map(([relation, attnum]) => ({ relation, attnum })),
  wholeRow: false,
  opaque: false,
  rule: '1',
  ...more,
});

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

describe('masks stick', () => {
  const before = snapshot([table(1, 'customers', 'id', 'email')]);
  const after = snapshot([table(1, 'people', 'id', 'contact')]);

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
