import { asNode, fieldsOf, list, names, text, type Fields } from '../tree.js';
import { renamed } from './aliases.js';
import type { Cte, Ctes, Engine, Rows } from './engine.js';
import { spellings, type Scope } from './namespace.js';
import { eitherOf } from './open.js';
import { places } from './refusal.js';
import { clear, either } from './values.js';

/** Judges a WITH list and answers the names that the rest of the statement sees. */
export function openWith(
  engine: Engine,
  clause: unknown,
  outer: Scope | undefined,
  visible: Ctes | undefined,
): Ctes | undefined {
  if (clause === undefined) return visible;
  const { ctes, recursive } = clause as Fields;
  const all = list(ctes).map((each) => withQuery(fieldsOf(each, 'CommonTableExpr') ?? {}, outer));
  // With RECURSIVE each sees all, in any order; without, those before it.
  let chain = visible;
  if (recursive === true) for (const cte of all) chain = { cte, next: chain };
  for (const cte of all) {
    if (recursive === true) cte.visible = chain;
    else {
      cte.visible = chain;
      chain = { cte, next: chain };
    }
    if (recursive !== true) rowsOf(engine, cte);
  }
  if (recursive === true) for (const cte of all) rowsOf(engine, cte);
  return chain;
}

const withQuery = (fields: Fields, outer: Scope | undefined): Cte => ({
  name: text(fields['ctename']) ?? '',
  fields,
  outer,
  visible: undefined,
  state: 'new',
  rows: undefined,
  usedBySelf: false,
});

/** The with-query of this name, before any relation of it. */
export function findCte(engine: Engine, ctes: Ctes | undefined, name: string): Cte | undefined {
  const all = spellings(name);
  let walked = 0;
  let at = ctes;
  for (; at && !all.includes(at.cte.name); at = at.next) walked++;
  engine.work.spend(walked >> 4);
  return at?.cte;
}

/** What a with-query gives: of a recursive one, the least that holds for every round. */
export function rowsOf(engine: Engine, cte: Cte): Rows {
  if (cte.state === 'done') return cte.rows ?? unknownRows;
  if (cte.state === 'running') {
    cte.usedBySelf = true;
    return cte.rows ?? unknownRows;
  }
  cte.state = 'running';
  engine.mentioned(() => settle(engine, cte));
  cte.state = 'done';
  return (cte.rows = withExtras(engine, cte, cte.rows ?? unknownRows));
}

const unknownRows: Rows = { columns: [], open: true };

function settle(engine: Engine, cte: Cte): void {
  const query = asNode(cte.fields['ctequery']);
  const colnames = names(cte.fields['aliascolnames']);
  const firstArm = (rows: Rows) => (cte.rows ??= renamed(rows, colnames));
  for (;;) {
    engine.work.spend(10);
    cte.usedBySelf = false;
    const before = cte.rows;
    const rows = query ? engine.query(query, cte.outer, cte.visible, firstArm) : unknownRows;
    cte.rows = grown(before, renamed(rows, colnames));
    if (!cte.usedBySelf || (before && same(before, cte.rows))) return;
  }
}

function grown(before: Rows | undefined, after: Rows): Rows {
  if (!before) return after;
  if (before.open || after.open) return eitherOf(after, before);
  const columns = after.columns.map(({ name, value }, at) => ({
    name,
    value: either(value, before.columns[at]?.value ?? value),
  }));
  return { columns, open: false };
}

function same(a: Rows, b: Rows): boolean {
  return (
    a.columns.length === b.columns.length &&
    a.open === b.open &&
    a.columns.every(({ value }, at) => {
      const other = b.columns[at]?.value;
      return other?.sources.length === value.sources.length && other.bare === value.bare;
    })
  );
}

/*
 * SEARCH and CYCLE compare rows by some columns, and add columns made of these. Where `*` stands for the added ones
 * depends on the depth of the query (p_dontexpand), so that they leave the width open.
 */
function withExtras(engine: Engine, { fields }: Cte, rows: Rows): Rows {
  const search = fields['search_clause'] as Fields | undefined;
  const cycle = fields['cycle_clause'] as Fields | undefined;
  if (!search && !cycle) return rows;
  const by = [...names(search?.['search_col_list']), ...names(cycle?.['cycle_col_list'])];
  for (const { name, value } of rows.columns) if (by.includes(name)) engine.use(value, places.cycle);
  if (rows.open) for (const { value } of rows.columns) engine.use(value, places.cycle);
  const added = [
    search?.['search_seq_column'],
    cycle?.['cycle_mark_column'],
    cycle?.['cycle_path_column'],
  ].flatMap((name) => (typeof name === 'string' ? [{ name, value: clear }] : []));
  return { columns: [...rows.columns, ...added], open: true, certainNames: !rows.open };
}
