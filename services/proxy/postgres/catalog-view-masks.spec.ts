import { describe, expect, it, vi } from 'vitest';
import type { MaskedColumn, Names, OutputLineage } from '#statement';
import { NameHistory } from './catalog-history.js';
import { TextLineage, type ViewOutputs } from './catalog-lineage.js';
import type { MaskColumn } from './catalog-mask.js';
import { deriveMasks } from './catalog-masks.js';
import type { CatalogSnapshot, Relation, ViewFacts } from './catalog-snapshot.js';
import { snapshot, table, view } from './catalog.specimen.js';

const rules: Readonly<Record<string, ReturnType<MaskColumn>>> = {
  email: { class: 'email', transform: 'partial', lookup: true },
  backup: { class: 'email', transform: 'partial', lookup: true },
  hashed: { class: 'email', transform: 'hash', lookup: true },
  ssn: { class: 'ssn', transform: 'whole', lookup: false },
};
const rule: MaskColumn = (_, __, column) => rules[column];

const people = table(1, 'people', 'id', 'email', 'ssn', 'backup', 'hashed');
const former = new NameHistory().former;

/**
 * In place of SQL, a definition here is its outputs: `name=relation.column,…` with `!` in front for an expression.
 * Only what the names call sensitive is a source, as lineage has it.
 */
const understand: ViewOutputs = (definition, names) => {
  if (definition === '?') return undefined;
  return definition.split(' ').map((output) => {
    const [name, from = ''] = output.split('=') as [string, string?];
    const sources = from
      .replace('!', '')
      .split(',')
      .flatMap((source) => sourceOf(names, source));
    return { name: name, sources, bare: !from.startsWith('!') };
  });
};

function sourceOf(names: Names, source: string): MaskedColumn[] {
  const [table, column] = source.split('.') as [string, string];
  const relation = names.relation({ schema: 'public', name: table });
  if (typeof relation === 'string') return [];
  const found = relation.columns.find(({ name }) => name === column);
  if (!found?.sensitive) return [];
  const { schema, oid: tableOid } = relation;
  return [{ ...found.sensitive, schema, table, column, tableOid, attnum: found.attnum }];
}

interface View {
  readonly relation: Relation;
  readonly facts: ViewFacts;
  readonly text: string | undefined;
}

function made(oid: number, name: string, text: string | undefined, facts: ViewFacts): View {
  const columns = (text ?? 'x y').split(' ').map((output) => output.split('=')[0]!);
  return { relation: { ...table(oid, name, ...columns), kind: 'v' }, facts, text };
}

function database(...views: View[]): CatalogSnapshot {
  const relations = [...views.map(({ relation }) => relation), people];
  return snapshot(relations, {
    views: new Map(views.map(({ relation, facts }) => [relation.oid, facts])),
    definitions: new Map(
      views.flatMap(({ relation, text }) =>
        text === undefined ? [] : [[relation.oid, { key: text, text }] as const],
      ),
    ),
  });
}

/** `view.column: class transform [lookup]` of every masked column of views. */
function masked(of: CatalogSnapshot, outputs: ViewOutputs = understand): string[] {
  return [...deriveMasks(of, rule, former, new TextLineage(outputs))]
    .filter(([oid]) => oid !== people.oid)
    .flatMap(([oid, columns]) => {
      const relation = of.relations.get(oid)!;
      return [...columns].map(([attnum, mask]) => {
        const name = `${relation.name}.${relation.columns[attnum - 1]!.name}`;
        return `${name}: ${mask.class} ${mask.transform}${mask.lookup ? ' lookup' : ''}`;
      });
    })
    .sort();
}

const all: [number, number][] = [1, 2, 3, 4, 5].map((attnum) => [1, attnum]);

describe('a view’s column', () => {
  it('has the mask of the masked column that it is, and lookups', () => {
    const v = made(2, 'v', 'n=people.id contact=people.email number=people.ssn', view(all));
    expect(masked(database(v))).toEqual(['v.contact: email partial lookup', 'v.number: ssn whole']);
  });

  it('is masked whole where it is made of masked columns', () => {
    const v = made(2, 'v', 'low=!people.email both=!people.email,people.ssn n=!people.id', view(all));
    expect(masked(database(v))).toEqual(['v.both: mixed whole', 'v.low: email whole']);
  });

  it('of a UNION has their mask where both have the same, else it is masked whole', () => {
    const v = made(
      2,
      'v',
      'same=people.email,people.backup other=people.email,people.hashed mixed=people.email,people.ssn',
      view(all),
    );
    expect(masked(database(v))).toEqual([
      'v.mixed: mixed whole',
      'v.other: email whole',
      'v.same: email partial lookup',
    ]);
  });

  it('is in the clear where masked columns stand in the view’s conditions only', () => {
    expect(masked(database(made(2, 'v', 'n=people.id', view([[1, 1], [1, 2]]))))).toEqual([]); // prettier-ignore
  });

  it('keeps a rule of its own', () => {
    expect(masked(database(made(2, 'v', 'hashed=!people.email', view(all))))).toEqual([
      'v.hashed: email hash lookup',
    ]);
  });

  it('is followed through views upon views, whatever their order', () => {
    const inner = made(3, 'inner', 'a=people.email b=people.id', view(all));
    const outer = made(2, 'outer', 'c=inner.a d=!inner.a e=inner.b', view([[3, 1], [3, 2]])); // prettier-ignore
    const expected = [
      'inner.a: email partial lookup',
      'outer.c: email partial lookup',
      'outer.d: email whole',
    ];
    expect(masked(database(inner, outer))).toEqual(expected);
    expect(masked(database(outer, inner))).toEqual(expected);
  });

  it('ends with views that read each other', () => {
    const a = made(2, 'a', 'x=b.y', view([[3, 1], [1, 2]])); // prettier-ignore
    const b = made(3, 'b', 'y=a.x', view([[2, 1], [1, 2]])); // prettier-ignore
    expect(masked(database(a, b))).toEqual([]);
    const c = made(3, 'b', 'y=a.x,people.ssn', view([[2, 1], [1, 3]])); // prettier-ignore
    expect(masked(database(made(2, 'a', 'x=b.y,people.email', view([[3, 1], [1, 2]])), c))).toEqual([
      'a.x: mixed whole',
      'b.y: mixed whole',
    ]); // prettier-ignore
  });
});

describe('a view is masked whole', () => {
  const whole = ['v.x: email whole', 'v.y: email whole'];
  const reads: [number, number][] = [[1, 2]];

  it.each<[string, View]>([
    ['where its text is not understood', { ...made(2, 'v', 'x y', view(reads)), text: '?' }],
    ['where its text could not be read', made(2, 'v', undefined, view(reads))],
    ['where the text has another width', { ...made(2, 'v', 'x y', view(reads)), text: 'x=people.email' }],
  ])('%s', (_, v) => expect(masked(database(v))).toEqual(whole));

  it('where the text names a masked column that the server says it does not read', () => {
    expect(masked(database(made(2, 'v', 'x=people.ssn y', view(reads))))).toEqual(whole);
  });

  it('where a row is a value', () => {
    const v = made(2, 'v', 'x=people.id y=people.id', view(reads, { wholeRow: true }));
    expect(masked(database(v))).toEqual(['v.x: mixed whole', 'v.y: mixed whole']);
  });

  it('where it calls a function that may read anything', () => {
    const v = made(2, 'v', 'x=people.id', view([[1, 1]], { opaque: true }));
    expect(masked(database(v))).toEqual(['v.x: opaque whole']);
  });

  it('and a relation whose rules for writes may answer with masked columns, but not with others', () => {
    const log = table(5, 'log', 'what');
    const of = (attnum: number) => {
      const rewritten = [{ ...view([[1, attnum]]), relation: 5 }];
      return masked({ ...snapshot([people, log]), rewritten });
    };
    expect(of(2)).toEqual(['log.what: email whole']);
    expect(of(1)).toEqual([]);
  });
});

describe('a view’s text', () => {
  const v = () => made(2, 'v', 'contact=people.email', view([[1, 2]]));

  it('is not asked about where nothing masked is read', () => {
    const outputs = vi.fn(understand);
    masked(database(made(2, 'v', 'n=people.id', view([[1, 1]]))), outputs);
    expect(outputs).not.toHaveBeenCalled();
  });

  it('is understood once, and again when it or the masks of what it reads changed', () => {
    const outputs = vi.fn(understand);
    const lineage = new TextLineage(outputs);
    const derive = (of: CatalogSnapshot, by = rule) => deriveMasks(of, by, former, lineage);
    const times = (work: () => unknown): number => {
      outputs.mockClear();
      work();
      return outputs.mock.calls.length;
    };
    expect(times(() => derive(database(v())))).toBe(1);
    expect(times(() => derive(database(v())))).toBe(0);
    const other = { ...v(), text: 'contact=people.backup' };
    expect(times(() => derive(database(other)))).toBe(1);
    const two: MaskColumn = (_, __, column) => (column === 'id' ? rules['ssn'] : rules[column]);
    expect(times(() => derive(database(other), two))).toBe(1);
    expect(times(() => derive(database(other), two))).toBe(0);
  });

  it('is understood with all classes hidden, as it was printed: with nothing but pg_catalog in the path', () => {
    let seen: Names | undefined;
    const outputs = (_: string, names: Names): readonly OutputLineage[] => ((seen = names), []);
    masked({ ...database(v()), functions: new Set(['upper']) }, outputs);
    expect(seen?.relation({ name: 'people' })).toBe('unknown');
    expect(seen?.relation({ schema: 'public', name: 'people' })).toMatchObject({ oid: 1 });
    expect(seen?.anySensitive).toBe(true);
    // `public.upper` would have been printed so.
    expect(seen?.isBuiltinFunction('upper')).toBe(true);
  });
});
