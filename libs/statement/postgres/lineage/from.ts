import { asNode, list, text, type Fields, type Node } from '../tree.js';
import { relationOf } from '../reader.js';
import { aliasOf, renamed } from './aliases.js';
import { findCte, rowsOf } from './ctes.js';
import type { Engine, Rows } from './engine.js';
import { functionItem } from './from-functions.js';
import { joinItems } from './joins.js';
import type { Scope } from './namespace.js';
import { blurred } from './open.js';
import { places } from './refusal.js';
import { clear, derived, type Item } from './values.js';

/** Puts what a FROM list brings into the scope of its statement, item by item: LATERAL sees those before it. */
export function from(engine: Engine, clause: unknown, base: Scope): void {
  for (const each of list(clause)) {
    const node = asNode(each);
    if (node) base.items.push(...fromItem(engine, node, base, base));
  }
}

/** `lateral` is what LATERAL and functions see, `base` the statement. */
export function fromItem(engine: Engine, { type, fields }: Node, lateral: Scope, base: Scope): Item[] {
  switch (type) {
    case 'RangeVar':
      return [relationItem(engine, fields, base)];
    case 'JoinExpr':
      return joinItems(engine, fields, lateral, base, fromItem);
    case 'RangeSubselect':
      return [subselect(engine, fields, lateral, base)];
    case 'RangeTableSample':
      return sampled(engine, fields, lateral, base);
    case 'RangeFunction':
      return [functionItem(engine, fields, lateral)];
    default:
      return [tableFunction(engine, { type, fields }, lateral)];
  }
}

function item(name: string | undefined, rows: Rows, more: Partial<Item> = {}): Item {
  return {
    name,
    schema: undefined,
    ...blurred(rows),
    hasSystemColumns: false,
    visible: true,
    ...more,
  };
}

/** A relation or a with-query. */
function relationItem(engine: Engine, fields: Fields, base: Scope): Item {
  const written = relationOf(fields);
  const cte = written.schema === undefined ? findCte(engine, base.ctes, written.name) : undefined;
  if (!cte) return tableItem(engine, fields);
  const alias = aliasOf(fields);
  const rows = renamed(rowsOf(engine, cte), alias.columns);
  engine.work.spend(4 + rows.columns.length);
  return item(alias.name ?? cte.name, rows);
}

/** A relation, whatever with-queries there are: also what DML writes to. */
export function tableItem(engine: Engine, fields: Fields): Item {
  const written = relationOf(fields);
  const alias = aliasOf(fields);
  const { relation, columns, open } = engine.relation(written);
  engine.work.spend(4);
  const rows = renamed({ columns, open }, alias.columns);
  const schema = alias.name === undefined ? (relation?.schema ?? written.schema) : undefined;
  const name = alias.name ?? relation?.name ?? written.name;
  return item(name, rows, { schema, hasSystemColumns: true });
}

function subselect(engine: Engine, fields: Fields, lateral: Scope, base: Scope): Item {
  const query = asNode(fields['subquery']);
  const outer = fields['lateral'] === true ? lateral : base.outer;
  const rows: Rows = query ? engine.query(query, outer, base.ctes) : { columns: [], open: true };
  const alias = aliasOf(fields);
  return item(alias.name, renamed(rows, alias.columns));
}

function sampled(engine: Engine, fields: Fields, lateral: Scope, base: Scope): Item[] {
  const relation = asNode(fields['relation']);
  for (const each of [...list(fields['args']), fields['repeatable']]) {
    const node = asNode(each);
    if (node) engine.expression(node, lateral, places.from);
  }
  return relation ? fromItem(engine, relation, lateral, base) : [];
}

/** XMLTABLE and JSON_TABLE: their columns are written out. What else there may be has columns nobody knows. */
function tableFunction(engine: Engine, node: Node, lateral: Scope): Item {
  const { type, fields } = node;
  const sources = engine.mentioned(() =>
    engine.expression({ type: 'bare', fields: { ...fields, alias: undefined } }, lateral, places.from),
  );
  const alias = aliasOf(fields);
  const value = sources.length === 0 ? clear : derived(sources);
  const columns = columnNames(fields['columns']).map((name) => ({ name, value }));
  const open = type !== 'RangeTableFunc' && type !== 'JsonTable';
  const name = alias.name ?? (type === 'RangeTableFunc' ? 'xmltable' : 'json_table');
  return item(name, renamed({ columns, open }, alias.columns));
}

function columnNames(columns: unknown): string[] {
  return list(columns).flatMap((each) => {
    const fields = asNode(each)?.fields ?? {};
    if (fields['coltype'] === 'JTC_NESTED') return columnNames(fields['columns']);
    return text(fields['colname']) ?? text(fields['name']) ?? [];
  });
}
