import { isFields, names, text, type Fields } from '../tree.js';
import type { Rows } from './engine.js';
import { blurred } from './open.js';
import { clear, type Column } from './values.js';

export interface Alias {
  readonly name: string | undefined;
  readonly columns: readonly string[];
}

export function aliasOf(fields: Fields): Alias {
  const alias = fields['alias'];
  if (!isFields(alias)) return { name: undefined, columns: [] };
  return { name: text(alias['aliasname']), columns: names(alias['colnames']) };
}

/** With the first columns called by these names. */
export function renameFirst(columns: readonly Column[], names: readonly string[]): readonly Column[] {
  if (names.length === 0) return columns;
  return columns.map(({ name, value }, at) => ({ name: names[at] ?? name, value }));
}

/** The same; of columns that are not known, at least the names then are. */
export function renamed(rows: Rows, names: readonly string[]): Rows {
  if (names.length === 0) return rows;
  const { columns, open } = rows;
  const known = renameFirst(columns, names);
  if (!open) return { columns: known, open };
  const more = names.slice(known.length).map((name) => ({ name, value: clear }));
  return blurred({ columns: [...known, ...more], open });
}
