import type { RelationName } from '../facts.js';
import { relationOf } from './reader.js';
import { judgeSet, literal, type SetFacts } from './settings.js';
import { asNode, fieldsOf, list, names, type Fields, type Node } from './tree.js';

/** `SELECT set_config('name', 'value', false)` and nothing else: a SET, in the words of pg_dump and of many pools. */
export interface SettingCall extends SetFacts {
  readonly function: readonly string[];
  readonly setting: string;
  readonly value: string;
  /** `FROM pg_settings`, as it is written: pg_dump's form for a setting that the server may not have. */
  readonly from?: { readonly clause: unknown; readonly relation: RelationName };
}

/** A whole statement that is one; of a setting that is not an administrator's. Elsewhere set_config stays code. */
export function settingCall(statement: Node | undefined): SettingCall | undefined {
  const call = statement?.type === 'SelectStmt' ? onlyCall(statement.fields) : undefined;
  if (!call || !isSetConfig(names(call['funcname']))) return undefined;
  const from = settingsRow(statement!.fields);
  const [named, ...args] = list(call['args']);
  const setting = from ? isName(named) && from.setting : constant(named);
  const [value, isLocal, ...more] = args.map(constant);
  if (typeof setting !== 'string' || value === undefined || isLocal === undefined || more.length > 0)
    return undefined;
  const verdict = judgeSet(setting, listed(value));
  if (verdict === 'admin') return undefined;
  const effects = [{ type: 'set', setting, value } as const];
  const told = { verdict, effects, function: names(call['funcname']), setting, value };
  return from ? { ...told, from } : told;
}

const selectFields: ReadonlySet<string> = new Set([
  ...['targetList', 'limitOption', 'op'],
  ...['fromClause', 'whereClause'],
]);
const relationFields: ReadonlySet<string> = new Set([
  ...['relname', 'schemaname', 'inh', 'relpersistence', 'location'],
]);
const callFields: ReadonlySet<string> = new Set(['funcname', 'args', 'funcformat', 'location']);

/** Without ORDER BY, FILTER, VARIADIC or whatever else there may be. */
function onlyCall(select: Fields): Fields | undefined {
  const [target, ...others] = list(select['targetList']);
  const call = fieldsOf(fieldsOf(target, 'ResTarget')?.['val'], 'FuncCall');
  if (!call || others.length > 0) return undefined;
  const isPlain = hasOnly(select, selectFields) && hasOnly(call, callFields);
  if (!isPlain || select['op'] !== 'SETOP_NONE') return undefined;
  const isAlone = select['fromClause'] === undefined && select['whereClause'] === undefined;
  return isAlone || settingsRow(select) ? call : undefined;
}

/** `FROM pg_settings WHERE name = 'name'`: one row or none, and its name is that. */
function settingsRow(select: Fields): (SettingCall['from'] & { readonly setting: string }) | undefined {
  const [item, ...others] = list(select['fromClause']);
  const written = fieldsOf(item, 'RangeVar');
  const where = fieldsOf(select['whereClause'], 'A_Expr');
  if (!written || !where || others.length > 0 || !hasOnly(written, relationFields)) return undefined;
  const relation = relationOf(written);
  if (relation.name !== 'pg_settings' || (relation.schema ?? 'pg_catalog') !== 'pg_catalog') return undefined;
  const isEqual = where['kind'] === 'AEXPR_OP' && names(where['name']).join('.') === '=';
  const setting = isEqual && isName(where['lexpr']) ? constant(where['rexpr']) : undefined;
  return setting === undefined ? undefined : { setting, relation, clause: [item, select['whereClause']] };
}

function isName(node: unknown): boolean {
  const path = list(fieldsOf(node, 'ColumnRef')?.['fields']);
  return path.length === 1 && names(path)[0] === 'name';
}

function hasOnly(fields: Fields, allowed: ReadonlySet<string>): boolean {
  return Object.keys(fields).every((field) => allowed.has(field));
}

function isSetConfig(name: readonly string[]): boolean {
  return (
    name.at(-1) === 'set_config' && (name.length === 1 || (name.length === 2 && name[0] === 'pg_catalog'))
  );
}

/** A cast may give another value than is written. */
const constant = (node: unknown): string | undefined =>
  asNode(node)?.type === 'A_Const' ? literal(node) : undefined;

/** A list in one value is split by the server; where it has quotes, it stays one and may not name pg_catalog. */
function listed(value: string): readonly string[] {
  return value.includes('"') ? [value] : value.split(',').map((each) => each.trim());
}
