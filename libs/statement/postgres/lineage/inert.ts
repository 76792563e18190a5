import type { RelationName } from '../../facts.js';
import { relationOf } from '../reader.js';
import { eachChild, text, visit, type Node } from '../tree.js';
import type { Engine } from './engine.js';
import { spellings } from './namespace.js';
import { olderReference } from './newer-syntax.js';
import { places, refusal } from './refusal.js';

/**
 * DDL and the like: nothing of it runs as code, but what it defines may hold or compare a masked column (CHECK, a
 * generated column, an index on an expression, a foreign key). So none may be named in it, but where only its
 * definition is meant.
 */
export function inert(engine: Engine, statement: Node): void {
  const masked = new Set<string>();
  visit(statement, ({ fields }) => {
    if (typeof fields['relname'] === 'string') addMasked(engine, relationOf(fields), masked);
  });
  if (masked.size > 0) refuseNamed(statement, masked);
  visit(statement, (node) => {
    if (!queries.has(node.type)) return;
    for (const { value } of engine.query(node, undefined, undefined).columns) engine.use(value, places.set);
    return 'skip';
  });
}

/** Its masked columns, and its own name: as a column that is the whole row. What it is about to make is not known yet. */
function addMasked(engine: Engine, written: RelationName, masked: Set<string>): void {
  const exists = spellings(written.name).some(
    (name) => engine.names.relation({ ...written, name }) !== 'unknown',
  );
  if (!exists) return;
  for (const { name, value } of engine.relation(written).columns) {
    if (value.sources.length > 0) masked.add(name).add(name.toLowerCase()).add(written.name);
  }
}

const queries: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
]);

function refuseNamed({ type, fields }: Node, masked: ReadonlySet<string>): void {
  if (queries.has(type) || type === 'Alias' || type === 'RangeVar') return;
  const word = type === 'String' ? text(fields['sval']) : undefined;
  if (word !== undefined && (masked.has(word) || masked.has(word.toLowerCase())))
    throw refusal(word, places.utility);
  if (olderReference({ type, fields }) && masked.has('system_user'))
    throw refusal('system_user', places.utility);
  const meant = definitions[type] ?? [];
  eachChild({ type, fields }, (child, field) => {
    if (!meant.includes(field)) refuseNamed(child, masked);
  });
}

/** Names of operators, types, collations; UNIQUE (email): that a value exists any unique column tells. */
const definitions: Readonly<Record<string, readonly string[]>> = {
  A_Expr: ['name'],
  TypeName: ['names'],
  SortBy: ['useOp'],
  CollateClause: ['collname'],
  FuncCall: ['funcname'],
  Constraint: ['keys', 'pktable'],
};
