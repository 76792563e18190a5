import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kindOf, statementKinds } from './statement-kinds.js';
import { bareType } from './tree.js';

// The parser's own list of node types, generated from PostgreSQL's headers; libpg-query depends on it.
const require = createRequire(import.meta.url);
const types = readFileSync(join(dirname(require.resolve('@pgsql/types/package.json')), 'types.d.ts'), 'utf8');
const interfaces = [...types.matchAll(/^export interface (\w+) \{\n([^}]*)\}/gm)].map((each) => ({
  name: each[1] ?? '',
  fields: [...(each[2] ?? '').matchAll(/^\s+(\w+)\??: (\w+)(\[\])?;/gm)].map(([, field = '', type = '']) => ({
    field,
    type,
  })),
}));

describe('the closed list of statement kinds', () => {
  const statements = interfaces.map((each) => each.name).filter((name) => name.endsWith('Stmt'));

  it('finds the list', () => expect(statements.length).toBeGreaterThan(110));

  it.each(statements)('has a row for %s', (name) => {
    expect(Object.hasOwn(statementKinds, name)).toBe(true);
  });

  // Parts of other statements, and what the server's analysis makes: no text is one of these.
  const parts = ['RawStmt', 'SetOperationStmt', 'ReturnStmt', 'PLAssignStmt', 'ReplicaIdentityStmt'];

  it.each(statements.filter((name) => !parts.includes(name)))('has a category for %s', (name) => {
    expect(kindOf(name).category).toMatch(/^(read|write|ddl|session|transaction|metadata|copy|admin|code)$/);
  });

  it.each(parts)('refuses %s, should it ever come by itself', (name) => {
    expect(kindOf(name)).toMatchObject({ category: 'unknown', action: 'sql:unknown', guard: 'opaque' });
  });

  it('has no row for what the parser does not have', () => {
    expect(Object.keys(statementKinds).filter((name) => !statements.includes(name))).toEqual([]);
  });

  it('takes anything else as unknown and opaque', () => {
    for (const name of ['BrandNewStmt', 'constructor', 'toString', '__proto__']) {
      expect(kindOf(name)).toMatchObject({ action: 'sql:unknown', guard: 'opaque' });
    }
  });
});

describe('the table of bare fields', () => {
  // Types that a rule asks for by name. What stands bare without its type would pass the rule by.
  const asked = [
    'SelectStmt',
    'RangeVar',
    'IntoClause',
    'FuncCall',
    'WithClause',
    'ReturningClause',
    'OnConflictClause',
    'InferClause',
    'TypeName',
    'Alias',
    'SubLink',
    'ColumnRef',
    'A_Expr',
    'CTESearchClause',
    'CTECycleClause',
  ];
  // Made by the server's analysis, in no raw tree; and DDL's, which are walked but not asked for by type.
  const analysed = ['RangeTblEntry', 'Query', 'TableFunc'];
  const definitions = [
    'FunctionParameter',
    'CreateOpClassStmt',
    'CreateOpClassItem',
    'CreateFunctionStmt',
    'CreateCastStmt',
    'CreateTransformStmt',
    'CreateStmt',
  ];

  it('names every bare field of a type that a rule asks for', () => {
    const missing = interfaces
      .filter(({ name }) => !analysed.includes(name) && !definitions.includes(name))
      .flatMap(({ name, fields }) => fields.map((each) => ({ name, ...each })))
      .filter(({ type }) => asked.includes(type))
      .filter(({ name, field, type }) => bareType(name, field) !== type)
      .map(({ name, field, type }) => `${name}.${field}: ${type}`);
    expect(missing).toEqual([]);
  });
});
