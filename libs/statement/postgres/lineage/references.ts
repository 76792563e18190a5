import { isListedFunction } from '../functions.js';
import { fieldsOf, list, names, type Fields } from '../tree.js';
import type { Engine } from './engine.js';
import { columnsNamed, spellings, visibleColumns, type Scope } from './namespace.js';
import { mayHaveMore } from './open.js';
import { places, Refusal } from './refusal.js';
import { clear, derived, either, sourcesOf, union, type Item, type Value } from './values.js';

export interface ColumnPath {
  readonly path: readonly string[];
  readonly star: boolean;
}

export function columnPath(fields: Fields): ColumnPath {
  const parts = list(fields['fields']);
  return { path: names(parts), star: fieldsOf(parts.at(-1), 'A_Star') !== undefined };
}

/** What a column reference in an expression means; `c.*` there is the whole row. */
export function reference(engine: Engine, fields: Fields, scope: Scope): Value {
  const { path, star } = columnPath(fields);
  if (star) return starred(engine, path, scope);
  const [name = ''] = path;
  return path.length === 1 ? bareName(engine, name, scope) : qualified(engine, path, scope);
}

/** The same of what may not be a column at all: a bare name that means nothing here is clear. */
export function possibleReference(engine: Engine, fields: Fields, scope: Scope): Value {
  const [name = ''] = columnPath(fields).path;
  const value = bareName(engine, name, scope, () => clear);
  return derived(value.sources);
}

function starred(engine: Engine, path: readonly string[], scope: Scope): Value {
  if (path.length > 0) {
    const item = itemNamed(engine, path, scope);
    return item ? wholeRow(engine, item) : missing(engine, path);
  }
  const { columns } = visibleColumns(scope.items);
  return derived(sourcesOf(columns));
}

// Every scope's columns come before any scope's relations: colNameToVar, then refnameNamespaceItem.
function bareName(engine: Engine, name: string, scope: Scope, otherwise = missing): Value {
  let guess: Value | undefined;
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const { certain, found, open } = inScope(engine, name, at);
    if (certain) return guess ? mixed(guess, found ?? clear) : (found ?? clear);
    if (open) guess = found ? mixed(guess ?? clear, found) : (guess ?? clear);
  }
  const item = itemNamed(engine, [name], scope);
  if (item) return guess ? mixed(guess, wholeRow(engine, item)) : wholeRow(engine, item);
  return guess ?? otherwise(engine, [name]);
}

const mixed = (a: Value, b: Value): Value => derived(union(a.sources, b.sources));

interface Found {
  /** It is here and nowhere else. */
  readonly certain: boolean;
  readonly found: Value | undefined;
  /** It may be here. */
  readonly open: boolean;
}

function inScope(engine: Engine, name: string, { items }: Scope): Found {
  let certain = false;
  let open = false;
  let found: Value | undefined;
  let unknown: Value | undefined;
  for (const item of items) {
    if (!item.visible) continue;
    engine.work.spend(1 + (item.columns.length >> 3));
    const more = mayHaveMore(item);
    if (more) open = true;
    const named = columnsNamed(item, name);
    for (const { value } of named) {
      if (found && certain) engine.unresolved(`column "${name}" is ambiguous`);
      if (!more) certain = true;
      found = found ? either(found, value) : value;
    }
    if (more && named.length === 0) unknown = mixed(unknown ?? clear, anyColumn(engine, item));
  }
  // In an item whose columns are known it is nowhere else: the server would call it ambiguous.
  if (unknown && !certain) found = mixed(found ?? clear, unknown);
  return { certain, found, open };
}

/** The item that `name.` or `schema.name.` means. */
export function itemNamed(engine: Engine, path: readonly string[], scope: Scope): Item | undefined {
  const all = spellings(path.at(-1) ?? '');
  const schema = path.at(-2);
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    engine.work.spend(1 + at.items.length);
    const named = at.items.filter((each) => each.name !== undefined && all.includes(each.name));
    const found = schema === undefined ? named[0] : named.find((each) => each.schema === schema);
    if (found) return found;
  }
  return undefined;
}

function qualified(engine: Engine, path: readonly string[], scope: Scope): Value {
  const item = itemNamed(engine, path.slice(0, -1), scope);
  if (!item) return missing(engine, path);
  const name = path.at(-1) ?? '';
  const [first, ...more] = columnsNamed(item, name);
  if (mayHaveMore(item)) return uncertain(engine, name, item);
  if (!first) return notation(engine, name, wholeRow(engine, item));
  return more.reduce((value, each) => either(value, each.value), first.value);
}

/** A column, known or not, or a function of the whole row. */
function uncertain(engine: Engine, name: string, item: Item): Value {
  notation(engine, name, undefined);
  return anyColumn(engine, item);
}

/** What any column of an item may carry. */
function anyColumn(engine: Engine, item: Item): Value {
  engine.work.spend(item.columns.length);
  return derived(sourcesOf(item.columns));
}

/** `c.name` without such a column is name(c), a call with the whole row. No row: it may yet be a column. */
export function notation(engine: Engine, name: string, row: Value | undefined): Value {
  if (!engine.names.isBuiltinFunction(name)) {
    throw new Refusal('*', `function ${name} may read masked columns: what it does cannot be told from here`);
  }
  if (!row) return clear;
  engine.use(row, places.target);
  if (!isListedFunction([name])) engine.unresolved(`column "${name}" is unknown`);
  return clear;
}

export function wholeRow(engine: Engine, item: Item): Value {
  engine.work.spend(item.columns.length);
  const sources = sourcesOf(item.columns);
  return item.open ? derived(sources) : { sources, bare: false, row: item.columns };
}

function missing(engine: Engine, path: readonly string[]): Value {
  engine.unresolved(`column "${path.join('.')}" is unknown`);
  return clear;
}
