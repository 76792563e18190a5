import { asNode, fieldsOf, isFields, list, names, text, type Fields, type Node } from '../tree.js';

/** One output column of a query, as far as names tell. */
export interface Output {
  /** What it may be called; undefined if the rules for it are not known here. */
  readonly names: readonly string[] | undefined;
  readonly carries: boolean;
  /** It is the bare column of that very name, so that it may still be looked up by that name. */
  readonly pure: boolean;
  /** `*` or `t.*`: any number of columns of any name. */
  readonly star: boolean;
}

export interface ColumnPath {
  readonly path: readonly string[];
  readonly star: boolean;
}

export function columnPath(fields: Fields): ColumnPath {
  const parts = list(fields['fields']);
  return { path: names(parts), star: parts.some((each) => fieldsOf(each, 'A_Star') !== undefined) };
}

export const starOutput = (carries: boolean): Output => ({
  names: undefined,
  carries,
  pure: false,
  star: true,
});

export const plainOutput = (name: string): Output => ({
  names: [name],
  carries: false,
  pure: false,
  star: false,
});

/** `(expression).*`: as many columns as its row has. */
export function expands({ type, fields }: Node): boolean {
  return type === 'A_Indirection' && list(fields['indirection']).some((each) => fieldsOf(each, 'A_Star'));
}

/** The output names of the arms of a set operation are those of the first; each position carries what any arm does. */
export function combine(left: readonly Output[], right: readonly Output[]): readonly Output[] | 'unknown' {
  if (!right.some((each) => each.carries)) return left;
  const starred = left.some((each) => each.star);
  if (starred) return 'unknown';
  if (right.some((each) => each.star)) return left.map((each) => ({ ...each, carries: true, pure: false }));
  return left.map((each, at) => either(each, right[at]));
}

function either(left: Output, right: Output | undefined): Output {
  if (!right?.carries) return left;
  const pure = right.pure && left.names?.[0] === right.names?.[0] && (!left.carries || left.pure);
  return { ...left, carries: true, pure };
}

/**
 * What the server may call an expression that has no alias; undefined where this does not know. A name too many
 * masks a column too many, one too few leaks, so every step that may give the name adds its own.
 */
export function defaultNames({ type, fields }: Node): string[] {
  const below = (field: string): string[] => {
    const node = asNode(fields[field]);
    return node ? defaultNames(node) : [];
  };
  switch (type) {
    case 'ColumnRef':
      return [columnPath(fields).path.at(-1) ?? unnamed];
    case 'FuncCall':
      return [names(fields['funcname']).at(-1) ?? unnamed];
    case 'TypeCast':
      return [...below('arg'), ...typeNames(fields), unnamed];
    case 'A_Const':
      return [unnamed, 'bool'];
    case 'CoalesceExpr':
      return ['coalesce'];
    case 'CaseExpr':
      return [...below('defresult'), 'case', unnamed];
    case 'ParamRef':
    case 'BoolExpr':
    case 'NullTest':
      return [unnamed];
    case 'A_Expr':
      return [unnamed, 'nullif'];
    default:
      return [];
  }
}

const unnamed = '?column?';

const typeNames = (fields: Fields): string[] => names((fields['typeName'] as Fields | undefined)?.['names']);

/** The alias of a target, or of a FROM item. */
export function aliasNames(fields: Fields): { name: string | undefined; columns: string[] } {
  const alias = fields['alias'] as Fields | undefined;
  return { name: text(alias?.['aliasname']), columns: names(alias?.['colnames']) };
}

/** All output names of a query, where its text leaves no doubt about any of them. */
export function certainNames(query: Node | undefined): string[] | undefined {
  let fields: Fields | undefined = query?.type === 'SelectStmt' ? query.fields : undefined;
  while (fields && isFields(fields['larg'])) fields = fields['larg'];
  const targets = list(fields?.['targetList']).map(certainName);
  const known = targets.filter((each) => each !== undefined);
  return known.length > 0 && known.length === targets.length ? known : undefined;
}

function certainName(target: unknown): string | undefined {
  const fields = fieldsOf(target, 'ResTarget');
  const alias = text(fields?.['name']);
  const value = asNode(fields?.['val']);
  if (!value || expands(value) || (value.type === 'ColumnRef' && columnPath(value.fields).star))
    return undefined;
  const [only, ...others] = alias === undefined ? defaultNames(value) : [alias];
  return others.length === 0 ? only : undefined;
}
