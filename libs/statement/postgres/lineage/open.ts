import type { Rows } from './engine.js';
import { derived, sourcesOf, type Column, type Item } from './values.js';

/** The column that stands for those which nobody knows, so that whoever goes through all meets what they may carry. */
export const unknownColumns = '*';

/** Whether a name that is not among its columns may yet be one of them. */
export const mayHaveMore = (item: Pick<Item, 'open' | 'certainNames'>): boolean =>
  item.open && item.certainNames !== true;

/**
 * Of rows with unknown columns nobody can tell which name means which column, the less once they are renamed by
 * position, or which name is a function of the whole row: each carries what any may.
 */
export function blurred<T extends Rows>(rows: T): T {
  if (!mayHaveMore(rows)) return rows;
  return { ...rows, columns: carrying(rows.columns, rows.columns) };
}

/** Which column of one side meets which of the other is not known: each may be any. */
export function eitherOf(left: Rows, right: Rows): Rows {
  return { columns: carrying(left.columns, [...left.columns, ...right.columns]), open: true };
}

function carrying(columns: readonly Column[], all: readonly Column[]): readonly Column[] {
  const sources = sourcesOf(all);
  if (sources.length === 0) return columns;
  const value = derived(sources);
  const known = columns.filter(({ name }) => name !== unknownColumns).map(({ name }) => ({ name, value }));
  return [...known, { name: unknownColumns, value }];
}
