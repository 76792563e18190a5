import type { MaskedColumn } from '../../lineage.js';
import type { Ctes } from './engine.js';
import { mayHaveMore } from './open.js';
import { clear, type Column, type Item } from './values.js';

/** What names can mean at one place, from the inside out: PostgreSQL's ParseState. */
export interface Scope {
  readonly items: Item[];
  readonly ctes: Ctes | undefined;
  readonly outer: Scope | undefined;
  /** Of a view's definition only: masked columns that a named window of this query is made of. */
  windowSources?: readonly MaskedColumn[];
}

export const scope = (outer: Scope | undefined, ctes: Ctes | undefined, items: Item[] = []): Scope => ({
  items,
  ctes,
  outer,
});

/** Columns that every table has; no table may have one of its own by these names. */
const systemColumns: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

const systemColumn: Column = { name: 'ctid', value: clear };

const ascii = /^[\x20-\x7e]*$/;

/** A server with a single-byte encoding folds É to é in an unquoted name; the parser does not. */
export function spellings(name: string): readonly string[] {
  if (ascii.test(name)) return [name];
  const folded = name.toLowerCase();
  return folded === name ? [name] : [name, folded];
}

/** The columns of this name that an item has: one, none, or more where the name is ambiguous. */
export function columnsNamed(item: Item, name: string): Column[] {
  const [, folded] = spellings(name);
  const found: Column[] = [];
  for (const each of item.columns) if (each.name === name || each.name === folded) found.push(each);
  if (found.length === 0 && item.hasSystemColumns && systemColumns.has(name)) return [systemColumn];
  return found;
}

export interface Seen {
  readonly columns: Column[];
  readonly open: boolean;
  readonly certainNames: boolean;
}

/** The columns that `*` stands for, or undefined if an item has some that are not known. */
export function visibleColumns(items: readonly Item[]): Seen {
  const visible = items.filter((each) => each.visible);
  return {
    columns: visible.flatMap((each) => each.columns),
    open: visible.some((each) => each.open),
    certainNames: !visible.some(mayHaveMore),
  };
}
