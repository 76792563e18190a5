import { asNode, fieldsOf, list, type Fields } from '../tree.js';
import type { Guard, Usage } from './guard.js';
import { places, type Place } from './refusal.js';

/*
 * Which of the guard's methods knows which shape. What is in none of these tables stays with its ground, which refuses.
 */
type Statement = (guard: Guard, fields: Fields, usage: Usage) => void;

export const statements: Readonly<Record<string, Statement>> = {
  SelectStmt: (guard, fields, usage) => guard.select(fields, usage),
  InsertStmt: (guard, fields) => guard.insert(fields),
  UpdateStmt: (guard, fields) => guard.update(fields),
  DeleteStmt: (guard, fields) => guard.remove(fields),
  MergeStmt: (guard, fields) => guard.merge(fields),
  CopyStmt: (guard, fields) => guard.copy(fields),
  ExplainStmt: (guard, fields) => guard.around('ExplainStmt', fields, 'rows'),
  PrepareStmt: (guard, fields) => guard.around('PrepareStmt', fields, 'rows'),
  DeclareCursorStmt: (guard, fields) => guard.around('DeclareCursorStmt', fields, 'rows'),
  ExecuteStmt: (guard, fields) => guard.below({ type: 'ExecuteStmt', fields }, places.values),
  CreateTableAsStmt: (guard, fields) => guard.around('CreateTableAsStmt', fields, 'destination'),
  ViewStmt: (guard, fields) => guard.around('ViewStmt', fields, 'destination'),
};

type Clause = (guard: Guard, select: Fields, value: unknown) => void;

export const clauses: Readonly<Record<string, Clause>> = {
  withClause: (guard, _, value) => guard.with(value),
  targetList: (guard, _, value) => guard.targets(value),
  fromClause: (guard, _, value) => guard.from(value),
  whereClause: (guard, _, value) => guard.predicate(asNode(value), places.where),
  havingClause: (guard, _, value) => guard.predicate(asNode(value), places.where),
  distinctClause: (guard, select, value) => guard.distinct(select, value),
  groupClause: (guard, select, value) => {
    for (const each of list(value)) guard.position(select, each, places.group);
  },
  sortClause: (guard, select, value) => {
    for (const each of list(value)) guard.position(select, fieldsOf(each, 'SortBy')?.['node'], places.order);
  },
  intoClause: (guard, select) => guard.into(select),
  op: (guard, select) => guard.setOperation(select),
  larg: (guard, _, value) => guard.select(value as Fields, 'rows'),
  rarg: (guard, _, value) => guard.select(value as Fields, 'rows'),
  lockingClause: () => undefined,
};

export const clausePlaces: Readonly<Record<string, Place>> = {
  windowClause: places.window,
  limitCount: places.limit,
  limitOffset: places.limit,
  valuesLists: places.values,
};

/** Shapes that the ground hands over; true if nothing of them is left for it. */
type Relaxed = (guard: Guard, fields: Fields, place: Place) => boolean;

export const relaxed: Readonly<Record<string, Relaxed>> = {
  SubLink: (guard, fields, place) => {
    guard.subquery(fields, place);
    return true;
  },
  FuncCall: (guard, fields, place) => {
    guard.call(fields, place);
    return true;
  },
  // Names of operators, types, collations and new columns, which no masked column is reached by.
  A_Expr: (guard, fields, place) => {
    guard.below({ type: 'A_Expr', fields }, place, ['name']);
    return true;
  },
  TypeName: (guard, fields, place) => {
    guard.below({ type: 'TypeName', fields }, place, ['names']);
    return true;
  },
  SortBy: (guard, fields, place) => {
    guard.below({ type: 'SortBy', fields }, place, ['useOp']);
    return true;
  },
  CollateClause: (guard, fields, place) => {
    guard.below({ type: 'CollateClause', fields }, place, ['collname']);
    return true;
  },
  Alias: () => true,
  RangeVar: () => true,
  // UNIQUE (email) and PRIMARY KEY (email): that a value exists can be told by any unique column anyway.
  Constraint: (guard, fields, place) => {
    guard.below({ type: 'Constraint', fields }, place, ['keys', 'pktable']);
    return true;
  },
};
