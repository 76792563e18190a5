import type { Catalog } from '../../services/proxy/postgres/catalog.js';

/** What a name means to one who may read nothing in the clear: its masked columns, or that nothing bears it. */
export function maskedColumns(
  catalog: Catalog,
  name: string,
): ReadonlyMap<string, { readonly class: string; readonly lookup: boolean }> | 'unknown' | 'unclear' {
  const found = catalog.namesFor(() => false).relation({ name });
  if (typeof found === 'string') return found;
  return new Map(
    found.columns.flatMap((column) => (column.sensitive ? [[column.name, column.sensitive] as const] : [])),
  );
}
