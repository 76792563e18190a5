import type { CatalogSnapshot, Column, Relation, TypeFacts, ViewFacts } from './catalog-snapshot.js';
import type { Row } from './target-channel.js';

/** Runs one query text and gives its rows as text: `Target.query`. */
export type Ask = (text: string) => Promise<Row[]>;

/** OIDs below are given at initdb: the server's own objects (FirstNormalObjectId). */
export const FIRST_USER_OID = 16384;

/** Extensions whose functions read nothing but their arguments; others' may read tables (dblink, tablefunc). */
const plainExtensions = [
  'btree_gin', 'btree_gist', 'citext', 'cube', 'earthdistance', 'fuzzystrmatch', 'hstore', 'intarray', 'isn',
  'ltree', 'pg_trgm', 'pgcrypto', 'plpgsql', 'seg', 'unaccent', 'uuid-ossp', 'vector',
]; // prettier-ignore

/** Built in, and yet they read what their arguments name, or hand out what others did or stored. */
const hazards = {
  functions: [
    'query_to_xml', 'query_to_xml_and_xmlschema', 'cursor_to_xml', 'table_to_xml', 'table_to_xml_and_xmlschema',
    'schema_to_xml', 'schema_to_xml_and_xmlschema', 'database_to_xml', 'database_to_xml_and_xmlschema',
    'ts_stat', 'ts_rewrite', 'lo_get', 'loread', 'pg_read_file', 'pg_read_binary_file',
    'pg_logical_slot_get_changes', 'pg_logical_slot_peek_changes', 'pg_logical_slot_get_binary_changes',
    'pg_logical_slot_peek_binary_changes', 'pg_stat_get_activity', 'pg_get_wal_summary_contents',
  ], // prettier-ignore
  relations: [
    'pg_statistic', 'pg_stats', 'pg_statistic_ext_data', 'pg_stats_ext', 'pg_stats_ext_exprs', 'pg_largeobject',
    'pg_stat_activity', 'pg_prepared_statements', 'pg_cursors',
  ], // prettier-ignore
};

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** True of a (classid, objid) pair that belongs to one of those extensions. */
const ofPlainExtension = (catalog: string, oid: string): string => `exists (
  select from pg_catalog.pg_depend x join pg_catalog.pg_extension e on e.oid = x.refobjid
  where x.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and x.objid = ${oid} and x.deptype = 'e'
    and x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and e.extname in (${list(plainExtensions)}))`;

const queries = {
  identity: `select (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()),
    (select system_identifier from pg_catalog.pg_control_system())`,

  relations: `select c.oid, n.nspname, c.relname, c.relkind, c.reltoastrelid, c.reltype, coalesce(t.typarray, 0), a.columns
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_type t on t.oid = c.reltype
    left join (
      select attrelid, pg_catalog.json_agg(pg_catalog.json_build_array(attnum, attname, atttypid::bigint)) as columns
      from pg_catalog.pg_attribute where attnum > 0 and not attisdropped and attrelid >= ${FIRST_USER_OID}
      group by attrelid) a on a.attrelid = c.oid
    where c.oid >= ${FIRST_USER_OID} and c.relkind in ('r', 'p', 'v', 'm', 'f', 't')`,

  systemRelations: `select n.nspname, c.relname from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid < ${FIRST_USER_OID} and c.relkind in ('r', 'p', 'v', 'm', 'f', 't')`,

  children: `select inhrelid, inhparent from pg_catalog.pg_inherits`,

  // A whole-row reference leaves no column in pg_depend; in the rule's tree it is a Var with attribute 0.
  rules: `select r.oid, r.ev_class, r.xmin from pg_catalog.pg_rewrite r
    where r.ev_type = '1' and r.ev_class >= ${FIRST_USER_OID}`,

  reads: `select distinct r.ev_class, d.refobjid, d.refobjsubid
    from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    where r.ev_type = '1' and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      and d.refobjid <> r.ev_class and r.ev_class >= ${FIRST_USER_OID}`,

  calls: `select distinct r.ev_class
    from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    where r.ev_type = '1' and r.ev_class >= ${FIRST_USER_OID}
      and (d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and not ${ofPlainExtension('pg_proc', 'd.refobjid')}
        or d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and not ${ofPlainExtension('pg_operator', 'd.refobjid')})`,

  // Until 14 the column itself depends on its sources, since then its pg_attrdef entry does.
  generated: `select a.attrelid, d.refobjsubid, a.attnum
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      and d.refobjid = a.attrelid and d.refobjsubid > 0 and d.refobjsubid <> a.attnum
      and (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = f.oid
        or d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = a.attrelid and d.objsubid = a.attnum)
    where a.attgenerated <> '' and not a.attisdropped`,

  functions: `select distinct p.proname from pg_catalog.pg_proc p
    where (p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace or p.oid >= ${FIRST_USER_OID})
      and not ${ofPlainExtension('pg_proc', 'p.oid')}`,

  operators: `select distinct o.oprname from pg_catalog.pg_operator o
    where (o.oprnamespace <> 'pg_catalog'::pg_catalog.regnamespace or o.oid >= ${FIRST_USER_OID})
      and not ${ofPlainExtension('pg_operator', 'o.oid')}`,

  types: `select t.oid, t.typtype, t.typbasetype, case when t.typcategory = 'A' then t.typelem else 0 end
    from pg_catalog.pg_type t
    left join pg_catalog.pg_type e on e.oid = t.typelem
    where t.typtype <> 'c' and e.typtype is distinct from 'c'`,

  words: `select relname from pg_catalog.pg_class
    union select attname from pg_catalog.pg_attribute where not attisdropped
    union select nspname from pg_catalog.pg_namespace
    union select conname from pg_catalog.pg_constraint
    union select typname from pg_catalog.pg_type
    union select proname from pg_catalog.pg_proc
    union select extname from pg_catalog.pg_extension
    union select lanname from pg_catalog.pg_language
    union select tgname from pg_catalog.pg_trigger`,
};

/** What is known of a view's rule, kept while the rule's row stays the same. Key: rule OID and xmin. */
export type RuleCache = Map<string, RuleFacts>;

interface RuleFacts {
  readonly wholeRow: boolean;
  readonly hazard: boolean;
}

/** Reads the whole catalog in one snapshot of the server. Rethrows what the target says. */
export async function readCatalog(ask: Ask, rules: RuleCache): Promise<CatalogSnapshot> {
  await ask(`begin isolation level repeatable read, read only; set local search_path = ''`);
  try {
    return await readAll(ask, rules);
  } finally {
    await ask('rollback');
  }
}

async function readAll(ask: Ask, rules: RuleCache): Promise<CatalogSnapshot> {
  const numbers = async (text: string) => (await ask(text)).map((row) => row.map(Number));
  const names = async (text: string) => new Set((await ask(text)).map((row) => row[0]!));
  return {
    identity: (await ask(queries.identity))[0]!.join(':'),
    relations: readRelations(await ask(queries.relations)),
    systemRelations: (await ask(queries.systemRelations)).map(([schema, name]) => ({
      schema: schema!,
      name: name!,
    })),
    children: (await numbers(queries.children)).map(([child, parent]) => ({
      child: child!,
      parent: parent!,
    })),
    views: await readViews(ask, rules),
    generated: (await numbers(queries.generated)).map(([relation, from, to]) => ({
      relation: relation!,
      from: from!,
      to: to!,
    })),
    functions: await names(queries.functions),
    operators: await names(queries.operators),
    types: readTypes(await ask(queries.types)),
    words: await names(queries.words),
  };
}

function readRelations(rows: readonly Row[]): Map<number, Relation> {
  const relations = new Map<number, Relation>();
  for (const [oid, schema, name, kind, toast, rowType, rowArrayType, columns] of rows) {
    const relation: Relation = {
      oid: Number(oid),
      schema: schema!,
      name: name!,
      kind: kind!,
      toast: Number(toast),
      rowType: Number(rowType),
      rowArrayType: Number(rowArrayType),
      columns: readColumns(columns ?? '[]'),
    };
    relations.set(relation.oid, relation);
  }
  return relations;
}

function readColumns(json: string): Map<number, Column> {
  const entries = JSON.parse(json) as [number, string, number][];
  return new Map(entries.map(([attnum, name, typeOid]) => [attnum, { name, typeOid }]));
}

async function readViews(ask: Ask, cache: RuleCache): Promise<Map<number, ViewFacts>> {
  const rules = (await ask(queries.rules)).map(([oid, view, xmin]) => ({
    view: Number(view),
    oid: oid!,
    key: `${oid}:${xmin}`,
  }));
  await readRules(ask, cache, rules);
  const calls = new Set((await ask(queries.calls)).map(([view]) => Number(view)));
  const reads = new Map<number, { relation: number; attnum: number }[]>();
  for (const row of await ask(queries.reads)) {
    const [view, relation, attnum] = row.map(Number) as [number, number, number];
    const known = reads.get(view);
    if (known === undefined) reads.set(view, [{ relation, attnum }]);
    else known.push({ relation, attnum });
  }
  return new Map(
    rules.map(({ view, key }) => {
      const { wholeRow, hazard } = cache.get(key)!;
      return [view, { reads: reads.get(view) ?? [], wholeRow, opaque: hazard || calls.has(view) }];
    }),
  );
}

/** Scanning rule trees is the one costly part: done once for each version of a rule. */
async function readRules(
  ask: Ask,
  cache: RuleCache,
  rules: readonly { oid: string; key: string }[],
): Promise<void> {
  const current = new Set(rules.map(({ key }) => key));
  for (const key of cache.keys()) if (!current.has(key)) cache.delete(key);
  const missing = rules.filter(({ key }) => !cache.has(key)).map(({ oid }) => oid);
  if (missing.length === 0) return;
  const rows =
    await ask(`with dangers as (select ':(funcid|relid) (' || pg_catalog.string_agg(oid::text, '|') || ') ' as pattern from (
      select oid from pg_catalog.pg_proc where oid < ${FIRST_USER_OID} and proname in (${list(hazards.functions)})
      union select oid from pg_catalog.pg_class where oid < ${FIRST_USER_OID} and relname in (${list(hazards.relations)})) o)
    select r.oid, r.xmin, pg_catalog.strpos(r.ev_action::text, ':varattno 0 ') > 0, r.ev_action::text ~ dangers.pattern
    from pg_catalog.pg_rewrite r, dangers where r.oid = any ('{${missing.join(',')}}')`);
  for (const [oid, xmin, wholeRow, hazard] of rows)
    cache.set(`${oid}:${xmin}`, { wholeRow: wholeRow === 't', hazard: hazard === 't' });
}

function readTypes(rows: readonly Row[]): Map<number, TypeFacts> {
  const kinds: Readonly<Record<string, TypeFacts['kind']>> = {
    b: 'base',
    d: 'domain',
    e: 'enum',
    r: 'range',
  };
  return new Map(
    rows.map(([oid, kind, base, element]) => [
      Number(oid),
      { kind: kinds[kind ?? ''] ?? 'other', base: Number(base), element: Number(element) },
    ]),
  );
}
