import type { Names } from '../../lineage.js';
import { catalogKind } from '../catalogs.js';
import { readsNoTable } from '../functions.js';
import { relationOf } from '../reader.js';
import { settingCall } from '../set-config.js';
import { literal } from '../settings.js';
import { asNode, isFields, isNodeName, list, names, text, type Fields } from '../tree.js';
import { olderCall } from './newer-syntax.js';

/** What one walk over a statement tells, whatever its names mean. */
export interface Survey {
  readonly literals: string[];
  readonly parameters: number[];
  /** Why it is refused, whatever it touches: it runs what can't be seen into. */
  foreign: string | undefined;
}

export function survey(statement: Fields, known: Names, found: Survey): void {
  const walk = new Walk(known, found);
  const setting = settingCall(asNode(statement));
  if (!setting) return walk.object(statement);
  walk.call(setting.function, true);
  walk.words(setting.setting, setting.value);
  if (setting.from) walk.object({ from: setting.from.clause });
}

class Walk {
  constructor(
    private readonly known: Names,
    private readonly found: Survey,
  ) {}

  object(fields: Fields): void {
    for (const key in fields) {
      const value = fields[key];
      if (typeof value !== 'object' || value === null) continue;
      if (Array.isArray(value)) this.array(value);
      else this.field(key, value as Fields);
    }
  }

  private array(values: readonly unknown[]): void {
    for (const each of values) {
      if (Array.isArray(each)) this.array(each);
      else if (isFields(each)) this.object(each);
    }
  }

  private field(key: string, fields: Fields): void {
    if (typeof fields['relname'] === 'string') this.relation(fields);
    const rule = isNodeName(key) && Object.hasOwn(rules, key) ? rules[key] : undefined;
    const older = isNodeName(key) ? olderCall(key, fields) : undefined;
    if (older !== undefined) this.call([older], true);
    if (rule?.(this, fields) === 'done') return;
    this.object(fields);
  }

  private relation(fields: Fields): void {
    const written = relationOf(fields);
    if (catalogKind(written) === 'valued') {
      this.foreign(`${written.name} holds values of masked columns, or other sessions' statements`);
    }
  }

  /** `listed`: the server's own is known to be harmless. */
  call(name: readonly string[], listed = readsNoTable(name)): void {
    const own = name.length > 1 || this.known.isBuiltinFunction(name[0] ?? '');
    if (own && listed) return;
    const called = name.join('.');
    this.foreign(`function ${called} may read masked columns: what it does cannot be told from here`);
  }

  operator(name: readonly string[]): void {
    const last = name.at(-1);
    if (last === undefined || (name.length > 1 && name[0] === 'pg_catalog')) return;
    const own =
      name.length === 1 && (meant[last] ?? [last]).every((each) => this.known.isBuiltinOperator(each));
    if (!own) this.foreign(`operator ${last} may read masked columns: it is not one of the server's own`);
  }

  constant(fields: Fields): void {
    const value = literal({ A_Const: fields });
    if (value !== undefined && !('boolval' in fields)) this.found.literals.push(value);
    const bits = isFields(fields['bsval']) ? text(fields['bsval']['bsval']) : undefined;
    if (bits !== undefined) this.found.literals.push(bits);
  }

  words(...values: readonly unknown[]): void {
    for (const each of values) if (typeof each === 'string') this.found.literals.push(each);
  }

  parameter(number: unknown): void {
    if (typeof number === 'number') this.found.parameters.push(number);
  }

  foreign(reason: string): void {
    this.found.foreign ??= reason;
  }
}

// BETWEEN stands for two comparisons, of whichever types its operands have.
const meant: Readonly<Record<string, readonly string[]>> = {
  BETWEEN: ['>=', '<='],
  'NOT BETWEEN': ['<', '>'],
  'BETWEEN SYMMETRIC': ['>=', '<='],
  'NOT BETWEEN SYMMETRIC': ['<', '>'],
};

const numeral = (value: unknown): string | undefined =>
  typeof value === 'number' ? String(value) : undefined;

type Rule = (walk: Walk, fields: Fields) => 'done' | void;

const rules: Readonly<Record<string, Rule>> = {
  String: () => 'done',
  A_Const: (walk, fields) => {
    walk.constant(fields);
    return 'done';
  },
  ParamRef: (walk, fields) => {
    walk.parameter(fields['number']);
    return 'done';
  },
  ColumnRef: () => 'done',
  FuncCall: (walk, fields) => walk.call(names(fields['funcname'])),
  RangeTableSample: (walk, fields) => walk.call(names(fields['method'])),
  A_Expr: (walk, fields) => walk.operator(names(fields['name'])),
  SubLink: (walk, fields) => walk.operator(names(fields['operName'])),
  SortBy: (walk, fields) => walk.operator(names(fields['useOp'])),
  // Values of statements that take no expressions.
  DefElem: (walk, fields) => {
    const arg = isFields(fields['arg']) ? fields['arg'] : {};
    for (const each of [arg['String'], arg['Float'], arg['Integer']]) {
      if (isFields(each)) walk.words(each['sval'], each['fval'], numeral(each['ival']));
    }
  },
  NotifyStmt: (walk, fields) => walk.words(fields['payload']),
  CommentStmt: (walk, fields) => walk.words(fields['comment']),
  SecLabelStmt: (walk, fields) => walk.words(fields['label']),
  TransactionStmt: (walk, fields) => walk.words(fields['gid']),
  CopyStmt: (walk, fields) => walk.words(fields['filename']),
  AlterEnumStmt: (walk, fields) => walk.words(fields['oldVal'], fields['newVal']),
  CreateEnumStmt: (walk, fields) => walk.words(...list(fields['vals']).flatMap((each) => names([each]))),
};
