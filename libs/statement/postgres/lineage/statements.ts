import { isServerSide } from '../copy.js';
import { kindOf } from '../statement-kinds.js';
import { isFields, asNode, fieldsOf, list, names, text, type Fields, type Node } from '../tree.js';
import type { Engine, Rows } from './engine.js';
import { tableItem } from './from.js';
import { inert } from './inert.js';
import { scope } from './namespace.js';
import { places, Refusal } from './refusal.js';
import { hasInto } from './select.js';
import { clear } from './values.js';

/** A statement's result; undefined where it gives no rows, or those of another text. */
export function statementRows(engine: Engine, node: Node): Rows | undefined {
  const rule = Object.hasOwn(rules, node.type) ? rules[node.type] : undefined;
  if (rule) return rule(engine, node.fields);
  const { kind, guard } = kindOf(node.type);
  if (guard === 'opaque') throw new Refusal('*', `${kind} may carry masked columns out of sight`);
  inert(engine, node);
  return undefined;
}

type Rule = (engine: Engine, fields: Fields) => Rows | undefined;

const rules: Readonly<Record<string, Rule>> = {
  SelectStmt: (engine, fields) => {
    const rows = engine.query({ type: 'SelectStmt', fields }, undefined, undefined);
    return hasInto(fields) ? written(engine, rows) : rows;
  },
  InsertStmt: returned('InsertStmt'),
  UpdateStmt: returned('UpdateStmt'),
  DeleteStmt: returned('DeleteStmt'),
  MergeStmt: returned('MergeStmt'),
  CopyStmt: copy,
  ExplainStmt: (engine, fields) => {
    inner(engine, fields);
    return plainRows('QUERY PLAN');
  },
  // What EXECUTE and FETCH will give.
  PrepareStmt: inner,
  DeclareCursorStmt: inner,
  ExecuteStmt: (engine, fields) => parameters(engine, fields),
  CreateTableAsStmt: (engine, fields) => {
    if (fieldsOf(fields['query'], 'ExecuteStmt')) {
      throw new Refusal('*', 'CREATE TABLE AS EXECUTE may write masked columns: use CREATE TABLE AS SELECT');
    }
    return written(engine, inner(engine, fields));
  },
  ClusterStmt: cluster,
  ViewStmt: (engine, fields) => written(engine, inner(engine, fields)),
  VariableShowStmt: (_, fields) =>
    fields['name'] === 'all'
      ? plainRows('name', 'setting', 'description')
      : plainRows(text(fields['name']) ?? ''),
};

function returned(type: string): Rule {
  return (engine, fields) => {
    const rows = engine.query({ type, fields }, undefined, undefined);
    return fields['returningClause'] === undefined ? undefined : rows;
  };
}

function inner(engine: Engine, fields: Fields): Rows | undefined {
  const node = asNode(fields['query']);
  if (!node) throw new Refusal('*', 'the statement is not understood');
  return statementRows(engine, node);
}

const plainRows = (...all: string[]): Rows => ({
  columns: all.map((name) => ({ name, value: clear })),
  open: false,
});

/** Rows that stay in the database. */
function written(engine: Engine, rows: Rows | undefined, place = places.set): undefined {
  for (const { value } of rows?.columns ?? []) engine.use(value, place);
}

function parameters(engine: Engine, fields: Fields): undefined {
  for (const each of list(fields['params'])) {
    const node = asNode(each);
    if (node) engine.expression(node, scope(undefined, undefined), places.values);
  }
}

/** COPY of a table gives its columns in the order of the list; without a list the server leaves generated ones out. */
function copy(engine: Engine, fields: Fields): Rows | undefined {
  const toFile = isServerSide(fields) && fields['is_from'] !== true;
  const query = asNode(fields['query']);
  if (query) return toFile ? inFile(engine, statementRows(engine, query)) : statementRows(engine, query);
  if (!isFields(fields['relation'])) return undefined;
  const item = tableItem(engine, fields['relation']);
  if (fields['is_from'] === true) {
    engine.predicate(asNode(fields['whereClause']), scope(undefined, undefined, [item]));
    return undefined;
  }
  // Whatever it lists: what stands in a file, nobody follows.
  if (toFile) return inFile(engine, item);
  const listed = names(fields['attlist']);
  if (listed.length === 0) return { columns: item.columns, open: item.open };
  const columns = listed.flatMap((name) => item.columns.filter((each) => each.name === name));
  return { columns, open: item.open || columns.length !== listed.length };
}

/** Afterwards the table is read in the index's order, which may be that of a masked column. */
function cluster(engine: Engine, fields: Fields): undefined {
  const item = isFields(fields['relation']) ? tableItem(engine, fields['relation']) : undefined;
  const masked = item?.columns.find(({ value }) => value.sources.length > 0);
  if (item && !masked) return;
  throw new Refusal(
    masked?.name ?? '*',
    'CLUSTER may put rows in the order of a masked column: which index it takes is not told here',
  );
}

/** Rows that leave both the database and the client's sight. */
function inFile(engine: Engine, rows: Rows | undefined): undefined {
  if (rows?.open) {
    throw new Refusal('*', 'COPY to a file or program of the server may carry masked columns out of sight');
  }
  return written(engine, rows, places.file);
}
