import { asNode, fieldsOf, list, text, type Fields, type Node } from '../tree.js';
import type { Engine, Rows } from './engine.js';
import { visibleColumns, type Scope } from './namespace.js';
import { outputName } from './output-names.js';
import { columnPath, itemNamed } from './references.js';
import { Refusal } from './refusal.js';
import { derived, type Column } from './values.js';
import { mostColumns } from './work.js';

/** A select list, or RETURNING's. */
export function targets(engine: Engine, clause: unknown, scope: Scope): Rows {
  const columns: Column[] = [];
  let open = false;
  for (const each of list(clause)) {
    const fields = fieldsOf(each, 'ResTarget');
    const value = asNode(fields?.['val']);
    if (!fields || !value) continue;
    const expanded = star(engine, value, scope);
    if (expanded) {
      engine.work.spend(expanded.columns.length);
      columns.push(...expanded.columns);
      open ||= expanded.open;
    } else {
      const name = text(fields['name']) ?? outputName(value);
      columns.push({ name, value: engine.target(value, scope) });
    }
    if (columns.length > mostColumns) throw new Refusal('*', `more than ${mostColumns} columns`);
  }
  return { columns, open };
}

/** `*`, `t.*` and `(expression).*`; undefined for anything else. */
function star(engine: Engine, { type, fields }: Node, scope: Scope): Rows | undefined {
  if (type === 'ColumnRef') {
    const { path, star: starred } = columnPath(fields);
    if (!starred) return undefined;
    return path.length === 0 ? visibleColumns(scope.items) : itemRows(engine, path, scope);
  }
  const steps = list(fields['indirection']);
  if (type !== 'A_Indirection' || asNode(steps.at(-1))?.type !== 'A_Star') return undefined;
  return compositeRows(engine, { ...fields, indirection: steps.slice(0, -1) }, scope);
}

function itemRows(engine: Engine, path: readonly string[], scope: Scope): Rows {
  const item = itemNamed(engine, path, scope);
  if (!item) engine.unresolved(`relation "${path.join('.')}" is not in FROM`);
  return item ?? { columns: [], open: true };
}

function compositeRows(engine: Engine, fields: Fields, scope: Scope): Rows {
  const value = engine.target({ type: 'A_Indirection', fields }, scope);
  if (value.row) return { columns: value.row, open: false };
  const known = value.type === undefined ? undefined : engine.names.composite(value.type);
  if (known)
    return { columns: known.map(({ name }) => ({ name, value: derived(value.sources) })), open: false };
  // As many columns as nobody knows: kept as one that is masked whole with all the others.
  return {
    columns: value.sources.length > 0 ? [{ name: '*', value: derived(value.sources) }] : [],
    open: true,
  };
}
