import { judgeSet, literal, type SetFacts } from './settings.js';
import { asNode, fieldsOf, list, names, type Fields, type Node } from './tree.js';

/** `SELECT set_config('name', 'value', false)` and nothing else: a SET, in the words of pg_dump and of many pools. */
export interface SettingCall extends SetFacts {
  readonly function: readonly string[];
  readonly setting: string;
  readonly value: string;
}

/** A whole statement that is one; of a setting that is not an administrator's. Elsewhere set_config stays code. */
export function settingCall(statement: Node | undefined): SettingCall | undefined {
  const call = statement?.type === 'SelectStmt' ? onlyCall(statement.fields) : undefined;
  if (!call || !isSetConfig(names(call['funcname']))) return undefined;
  const [setting, value, isLocal, ...more] = list(call['args']).map(constant);
  if (setting === undefined || value === undefined || isLocal === undefined || more.length > 0)
    return undefined;
  const verdict = judgeSet(setting, listed(value));
  if (verdict === 'admin') return undefined;
  const effects = [{ type: 'set', setting, value } as const];
  return { verdict, effects, function: names(call['funcname']), setting, value };
}

const selectFields: ReadonlySet<string> = new Set(['targetList', 'limitOption', 'op']);
const callFields: ReadonlySet<string> = new Set(['funcname', 'args', 'funcformat', 'location']);

/** Without FROM, WHERE, ORDER BY, FILTER, VARIADIC or whatever else there may be. */
function onlyCall(select: Fields): Fields | undefined {
  const [target, ...others] = list(select['targetList']);
  const call = fieldsOf(fieldsOf(target, 'ResTarget')?.['val'], 'FuncCall');
  if (!call || others.length > 0) return undefined;
  const isPlain = hasOnly(select, selectFields) && hasOnly(call, callFields);
  return isPlain && select['op'] === 'SETOP_NONE' ? call : undefined;
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
