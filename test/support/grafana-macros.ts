/*
 * What becomes of a panel's SQL on its way: the page replaces `$__conditionalAll` and variables, the plugin's backend the
 * other macros. After the documentation of grafana-clickhouse-datasource (version 4) and Grafana's variable formats.
 */
export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
  /** Milliseconds that one point of a picture stands for. */
  readonly interval: number;
}

/** A variable's value: one, several, or what `All` has. */
export type Variables = Readonly<Record<string, string | readonly string[]>>;
export const all = '$__all';

/** As an alert rule's SQL, which no page sees. */
export function expandMacros(sql: string, { from, to, interval }: TimeRange): string {
  const seconds = (at: Date) => `toDateTime(${Math.floor(at.getTime() / 1000)})`;
  const milliseconds = (at: Date) => `fromUnixTimestamp64Milli(${at.getTime()})`;
  const day = (at: Date) => `toDate('${at.toISOString().slice(0, 10)}')`;
  const between = (column = '', edge: (at: Date) => string) =>
    `${column} >= ${edge(from)} AND ${column} <= ${edge(to)}`;
  const step = Math.max(Math.floor(interval / 1000), 1);
  const both = ([date = '', time = '']: readonly string[]) =>
    `(${between(date, day)}) AND (${between(time, seconds)})`;
  const macros: Readonly<Record<string, readonly [args: number, (args: readonly string[]) => string]>> = {
    fromTime: [0, () => seconds(from)],
    toTime: [0, () => seconds(to)],
    fromTime_ms: [0, () => milliseconds(from)],
    toTime_ms: [0, () => milliseconds(to)],
    timeFilter: [1, ([column]) => between(column, seconds)],
    timeFilter_ms: [1, ([column]) => between(column, milliseconds)],
    dateFilter: [1, ([column]) => between(column, day)],
    dateTimeFilter: [2, both],
    dt: [2, both],
    timeInterval: [1, ([column]) => `toStartOfInterval(toDateTime(${column}), INTERVAL ${step} second)`],
    timeInterval_ms: [
      1,
      ([column]) =>
        `toStartOfInterval(toDateTime64(${column}, 3), INTERVAL ${Math.max(interval, 1)} millisecond)`,
    ],
    interval_s: [0, () => String(step)],
  };
  return sql.replaceAll(/\$__(\w+)(\(([^()]*)\))?/g, (macro, name: string, called?: string, inside = '') => {
    const [count, write] = macros[name] ?? [];
    if (count === undefined || write === undefined)
      throw new Error(`${macro} is no macro of the data source`);
    if (count === 0) return write([]) + (called ?? '');
    const args = inside.split(',').map((each: string) => each.trim());
    if (called === undefined || args.length !== count || args.includes(''))
      throw new Error(`${macro} takes ${count} arguments`);
    return write(args);
  });
}

/** As a panel's SQL, a variable's or an annotation's. */
export function expandPanel(sql: string, range: TimeRange, variables: Variables): string {
  return expandMacros(replaceVariables(replaceConditions(sql, variables), variables), range);
}

/** `$__conditionalAll(condition, $variable)`: nothing is asked of a variable that has `All`. */
function replaceConditions(sql: string, variables: Variables): string {
  const macro = '$__conditionalAll(';
  for (let at = sql.lastIndexOf(macro); at >= 0; at = sql.lastIndexOf(macro)) {
    const begin = at + macro.length;
    const { comma, end } = argumentsFrom(sql, begin);
    const [, name = ''] = /^\s*\$\{?(\w+)\}?$/.exec(sql.slice(comma + 1, end)) ?? [];
    const value = variables[name];
    if (value === undefined) throw new Error(`no variable: ${sql.slice(comma + 1, end)}`);
    const isAll = ['', all].includes(String(value));
    sql = sql.slice(0, at) + (isAll ? '1=1' : sql.slice(begin, comma)) + sql.slice(end + 1);
  }
  return sql;
}

/** The plugin counts parentheses, those in quotes too. */
function argumentsFrom(sql: string, begin: number): { comma: number; end: number } {
  let depth = 1;
  let comma = -1;
  for (let i = begin; i < sql.length; i++) {
    if (sql[i] === '(') depth++;
    if (sql[i] === ')' && --depth === 0 && comma >= 0) return { comma, end: i };
    if (sql[i] === ',' && depth === 1) {
      if (comma >= 0) break;
      comma = i;
    }
  }
  throw new Error(`$__conditionalAll has two arguments: ${sql.slice(begin, begin + 80)}`);
}

function replaceVariables(sql: string, variables: Variables): string {
  return sql.replaceAll(
    /\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g,
    (whole, braced?: string, format?: string, plain?: string) => {
      const value = variables[braced ?? plain ?? ''];
      if (value === undefined) return whole;
      if (String(value) === all) throw new Error(`${whole} has no value while All is chosen`);
      return formatted([value].flat(), format);
    },
  );
}

function formatted(values: readonly string[], format: string | undefined): string {
  if (format === 'singlequote') return values.map((each) => `'${each.replaceAll("'", "\\'")}'`).join(',');
  if (format === 'percentencode')
    return strictlyEncoded(values.length === 1 ? values[0]! : `{${values.join(',')}}`);
  throw new Error(`the format ${format ?? 'that is left out'} is none that is safe in SQL`);
}

const strictlyEncoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
