import type pg from 'pg';
import { columnTypes } from './vault.js';
import { maskedColumns } from './secrets.js';

/** A call of one of the server's own functions with a masked column in it. */
export interface Call {
  readonly text: string;
  readonly name: string;
}

/** One value of each type that functions take beside the column. */
const literals: Readonly<Record<string, string>> = {
  text: `'x'`, int4: '1', int8: '1', int2: '1::int2', bool: 'true', bytea: `'x'::bytea`, float8: '1.5', numeric: '1.5',
  jsonb: `'{}'::jsonb`, json: `'{}'::json`, date: `'2020-01-01'::date`, timestamptz: `'2020-01-01'::timestamptz`,
  _text: `array['x']`, anyelement: `null::text`, interval: `'1 day'::interval`, name: `'x'::name`, uuid: 'null::uuid',
  jsonpath: `'$'::jsonpath`, xml: `'<a/>'::xml`, anyarray: `array['x']`, int4range: `'[1,2)'::int4range`, oid: '1::oid',
}; // prettier-ignore

interface Proc {
  readonly proname: string;
  readonly args: readonly string[];
}

/**
 * Every function of pg_catalog that takes a type which a masked column has, with the column in that place and literals
 * in the others. `every`: for every such column, not only for one.
 */
export async function functionCalls(admin: pg.Client, every: boolean): Promise<Call[]> {
  const { rows } = await admin.query<Proc>(`
    select proname, array(select typname::text from unnest(proargtypes) with ordinality a (t, n) join pg_type y on y.oid = a.t order by n) as args
    from pg_proc where pronamespace = 'pg_catalog'::regnamespace and pronargs between 1 and 4 and prokind in ('f', 'a', 'w')
    and not ('internal'::regtype = any (proargtypes)) and not ('cstring'::regtype = any (proargtypes))
    order by proname, oid`);
  const seen = new Set<string>();
  return rows
    .flatMap((proc, at) => callsOf(proc, every, at))
    .filter(({ text }) => !seen.has(text) && seen.add(text));
}

function callsOf({ proname, args }: Proc, every: boolean, at: number): Call[] {
  const found = args.flatMap((type, place) => {
    const columns = maskedColumns.filter((column) => fits(columnTypes[column], type));
    const chosen = every || columns.length === 0 ? columns : [columns[at % columns.length]!];
    return chosen.flatMap((column) => {
      const others = args.map((each, i) => (i === place ? column : literals[each]));
      return others.includes(undefined)
        ? []
        : [{ name: proname, text: `select "${proname}"(${others.join(', ')}) from people` }];
    });
  });
  return every ? found : found.slice(0, 1);
}

const families: Readonly<Record<string, string>> = {
  'varchar(40)': 'varchar', 'text[]': '_text', 'numeric(12,2)': 'numeric', int: 'int4', bigint: 'int8', boolean: 'bool',
}; // prettier-ignore

function fits(column: string, type: string): boolean {
  const own = families[column] ?? column;
  if (own === type) return true;
  if (type === 'text') return ['varchar', 'dom_secret', 'citext'].includes(own);
  if (['any', 'anyelement', 'anynonarray', 'anycompatible'].includes(type)) return true;
  if (type === 'anyarray' || type === 'anycompatiblearray') return own === '_text';
  if (type === 'anyrange') return own === 'int4range';
  return type === 'anyenum' && own === 'mood';
}
