import { asNode, isFields, names, type Fields, type Node } from '../tree.js';
import type { Engine, Rows } from './engine.js';
import { columnsNamed, scope, visibleColumns, type Scope, type Seen } from './namespace.js';
import { blurred } from './open.js';
import { equijoin } from './predicates.js';
import { places, Refusal, refusal } from './refusal.js';
import { clear, derived, either, none, sourcesOf, type Item, type Value } from './values.js';
import { aliasOf, renamed } from './aliases.js';

type FromItem = (engine: Engine, node: Node, lateral: Scope, base: Scope) => Item[];

/** A join's names: its sides' own, or, with USING, NATURAL or an alias, one item's in front of them. */
export function joinItems(
  engine: Engine,
  fields: Fields,
  lateral: Scope,
  base: Scope,
  fromItem: FromItem,
): Item[] {
  const [larg, rarg] = [asNode(fields['larg']), asNode(fields['rarg'])];
  const left = larg ? fromItem(engine, larg, lateral, base) : [];
  const right = rarg ? fromItem(engine, rarg, scope(lateral, base.ctes, left), base) : [];
  const both = [...left, ...right];
  engine.work.spend(both.length);
  const sides = { left: visibleColumns(left), right: visibleColumns(right) };
  const using = fields['isNatural'] === true ? common(engine, sides) : names(fields['usingClause']);
  engine.predicate(asNode(fields['quals']), scope(base.outer, base.ctes, both));
  const alias = aliasOf(fields);
  if (using.length === 0 && alias.name === undefined) return both;
  return [...named(engine, fields, sides, using), ...hidden(both, alias.name !== undefined)];
}

interface Sides {
  readonly left: Seen;
  readonly right: Seen;
}

function common(engine: Engine, { left, right }: Sides): string[] {
  const open = left.open || right.open;
  const masked = sourcesOf([...left.columns, ...right.columns]);
  if (open && masked.length > 0 && !engine.owner) {
    throw new Refusal('*', 'NATURAL JOIN may compare masked columns: use JOIN … USING or ON');
  }
  if (open) engine.unresolved('which columns NATURAL JOIN compares is unknown');
  engine.work.spend(left.columns.length + right.columns.length);
  const there = new Set(right.columns.map(({ name }) => name));
  return [...new Set(left.columns.map(({ name }) => name).filter((name) => there.has(name)))];
}

function named(engine: Engine, fields: Fields, sides: Sides, using: readonly string[]): Item[] {
  const alias = aliasOf(fields);
  const merged = using.map((name) => ({ name, value: mergedValue(engine, fields, sides, name) }));
  const rest = [...sides.left.columns, ...sides.right.columns].filter(({ name }) => !using.includes(name));
  engine.work.spend(rest.length);
  const open = sides.left.open || sides.right.open;
  const certainNames = sides.left.certainNames && sides.right.certainNames;
  const all: Rows = { columns: [...merged, ...rest], open, certainNames };
  // Without an alias its columns have but their own names, and what is unknown of a side is blurred already.
  const rows = alias.name === undefined ? all : blurred(renamed(all, alias.columns));
  const item: Item = {
    name: alias.name,
    schema: undefined,
    ...rows,
    hasSystemColumns: false,
    visible: true,
  };
  const usingAlias = fields['join_using_alias'];
  if (!isFields(usingAlias)) return [item];
  const name = usingAlias['aliasname'] as string;
  return [item, { ...item, name, columns: merged, open: false, visible: false }];
}

/** An alias hides the sides' names, merged columns only their columns. */
function hidden(items: readonly Item[], wholly: boolean): Item[] {
  if (wholly) return [];
  for (const each of items) each.visible = false;
  return [...items];
}

function mergedValue(engine: Engine, fields: Fields, { left, right }: Sides, name: string): Value {
  const l = columnOf(engine, left, name);
  const r = columnOf(engine, right, name);
  compared(engine, l, r);
  // Of unlike types one is cast to the other's.
  const same = l.type === r.type;
  switch (fields['jointype']) {
    case 'JOIN_FULL':
      return derived(either(l, r).sources);
    case 'JOIN_RIGHT':
      return same ? r : derived(r.sources);
    case 'JOIN_LEFT':
      return same ? l : derived(l.sources);
    default:
      return same && l.bare ? l : derived(either(l, r).sources);
  }
}

function columnOf(engine: Engine, side: Seen, name: string): Value {
  const found = columnsNamed({ ...anyItem, columns: side.columns }, name);
  if (found.length === 0 && !side.certainNames) return derived(sourcesOf(side.columns));
  if (found.length === 0) engine.unresolved(`column "${name}" is unknown`);
  return (
    found.reduce<Value | undefined>((all, { value }) => (all ? either(all, value) : value), undefined) ??
    clear
  );
}

const anyItem: Item = {
  name: undefined,
  schema: undefined,
  columns: [],
  open: false,
  hasSystemColumns: false,
  visible: true,
};

function compared(engine: Engine, l: Value, r: Value): void {
  if (l.sources === none && r.sources === none) return;
  if (engine.owner || equijoin(engine, l, r)) return;
  const source = l.sources[0] ?? r.sources[0];
  if (source) throw refusal(source.column, places.join);
}
