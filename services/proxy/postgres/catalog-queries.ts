import { sorting } from '#statement';

/** OIDs below are given at initdb: the server's own objects (FirstNormalObjectId). */
export const FIRST_USER_OID = 16384;

/** The same everywhere (RelationRelationId). */
export const PG_CLASS = 1259;

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

/** Beside those: their functions may read tables, the functions of their operators and casts don't. */
const plainOperators = [
  ...plainExtensions, 'h3', 'hll', 'ip4r', 'lo', 'pg_bigm', 'postgis', 'postgis_raster',
  'postgis_sfcgal', 'prefix', 'rum', 'semver',
]; // prettier-ignore

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** True of a (classid, objid) pair that belongs to one of those extensions. */
const ofPlainExtension = (catalog: string, oid: string, extensions = plainExtensions): string => `exists (
  select from pg_catalog.pg_depend x join pg_catalog.pg_extension e on e.oid = x.refobjid
  where x.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and x.objid = ${oid} and x.deptype = 'e'
    and x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and e.extname in (${list(extensions)}))`;

/** The version of its columns: xmin moves with each change of a row, but not with VACUUM or ANALYZE. */
const relations = (condition: (oid: string) => string): string => `
  select c.oid, n.nspname, c.relname, c.relkind, c.reltoastrelid, c.reltype, coalesce(t.typarray, 0),
      c.xmin || '.' || coalesce(a.version, 0)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_type t on t.oid = c.reltype
    left join (
      select attrelid, sum((xmin::text::bigint * 40503 + attnum) % 1073741827) as version
      from pg_catalog.pg_attribute where attnum > 0 and ${condition('attrelid')} group by attrelid
    ) a on a.attrelid = c.oid
    where ${condition('c.oid')} and c.relkind in ('r', 'p', 'v', 'm', 'f', 't', 'S', 'c')`;

export const queries = {
  identity: `select (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()),
    (select system_identifier from pg_catalog.pg_control_system()), pg_catalog.current_setting('server_version_num'),
    (select count(*) from pg_catalog.pg_class where oid < ${FIRST_USER_OID})`,

  encoding: `select pg_catalog.pg_encoding_to_char(encoding), pg_catalog.pg_encoding_max_length(encoding), datctype
    from pg_catalog.pg_database where datname = pg_catalog.current_database()`,

  relations: relations((oid) => `${oid} >= ${FIRST_USER_OID}`),

  systemRelations: relations((oid) => `${oid} < ${FIRST_USER_OID}`),

  // Attribute 0: an expression.
  partitionKeys: `select p.partrelid, k from pg_catalog.pg_partitioned_table p, pg_catalog.unnest(p.partattrs) k`,

  children: `select inhrelid, inhparent from pg_catalog.pg_inherits`,

  rules: `select r.oid, r.ev_class, r.xmin, r.ev_type = '1' from pg_catalog.pg_rewrite r
    where r.ev_class >= ${FIRST_USER_OID}`,

  reads: `select distinct r.oid, d.refobjid, d.refobjsubid
    from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      and d.refobjid <> r.ev_class and r.ev_class >= ${FIRST_USER_OID}`,

  calls: `select distinct r.oid
    from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    where r.ev_class >= ${FIRST_USER_OID}
      and (d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and not ${ofPlainExtension('pg_proc', 'd.refobjid')}
        or d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and not ${ofPlainExtension('pg_operator', 'd.refobjid')})`,

  // Until 14 the column itself depends on its sources, since then its pg_attrdef entry does.
  generated: `select a.attrelid, d.refobjsubid, a.attnum
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
    left join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      and d.refobjid = a.attrelid and d.refobjsubid > 0 and d.refobjsubid <> a.attnum
      and (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = f.oid
        or d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = a.attrelid and d.objsubid = a.attnum)
    where a.attgenerated <> '' and not a.attisdropped`,

  functions: `select distinct p.proname from pg_catalog.pg_proc p
    where (p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace or p.oid >= ${FIRST_USER_OID})
      and not ${ofPlainExtension('pg_proc', 'p.oid')}`,

  operators: `select distinct o.oprname from pg_catalog.pg_operator o
    where (o.oprnamespace <> 'pg_catalog'::pg_catalog.regnamespace or o.oid >= ${FIRST_USER_OID})
      and not ${ofPlainExtension('pg_operator', 'o.oid', plainOperators)}
    union all select '${sorting}' where exists (select from pg_catalog.pg_opclass c
      where c.oid >= ${FIRST_USER_OID} and not ${ofPlainExtension('pg_opclass', 'c.oid', plainOperators)})`,

  // Each with the types that hold values of its two types: arrays, domains, ranges, rows, and rows that hold these.
  casts: `with recursive calling as (
      select c.oid, c.castsource as source, c.casttarget as target,
          case c.castcontext when 'e' then 'explicit' else 'implicit' end as how
        from pg_catalog.pg_cast c
        where c.castfunc >= ${FIRST_USER_OID} and not ${ofPlainExtension('pg_proc', 'c.castfunc', plainOperators)}
      union select t.oid, t.typbasetype, t.oid, 'check'
        from pg_catalog.pg_constraint k join pg_catalog.pg_type t on t.oid = k.contypid
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and d.objid = k.oid
        where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
          and not ${ofPlainExtension('pg_proc', 'd.refobjid', plainOperators)}
    ), holding(root, type) as (
      select source, source from calling union select target, target from calling
      union select h.root, x.holder from holding h join (
        select typelem as held, oid as holder from pg_catalog.pg_type where typcategory = 'A'
        union all select typbasetype, oid from pg_catalog.pg_type where typtype = 'd'
        union all select rngsubtype, rngtypid from pg_catalog.pg_range
        union all select a.atttypid, c.reltype from pg_catalog.pg_attribute a
          join pg_catalog.pg_class c on c.oid = a.attrelid
          where a.attnum > 0 and not a.attisdropped and c.oid >= ${FIRST_USER_OID}
      ) x on x.held = h.type and x.holder <> 0
    ), reach as (
      select h.root, pg_catalog.json_build_array(h.root < ${FIRST_USER_OID}, pg_catalog.json_agg(distinct t.typname),
          pg_catalog.json_agg(distinct t.typrelid::bigint)) as reach
        from holding h join pg_catalog.pg_type t on t.oid = h.type group by h.root
    )
    select c.how, pg_catalog.format_type(c.source, null), pg_catalog.format_type(c.target, null), s.reach, t.reach
      from calling c join reach s on s.root = c.source join reach t on t.root = c.target`,

  types: `select t.oid, t.typtype, t.typbasetype, case when t.typcategory = 'A' then t.typelem else 0 end
    from pg_catalog.pg_type t
    left join pg_catalog.pg_type e on e.oid = t.typelem
    where t.typtype <> 'c' and e.typtype is distinct from 'c'`,

  // Columns are known already.
  words: `select relname from pg_catalog.pg_class
    union select nspname from pg_catalog.pg_namespace
    union select conname from pg_catalog.pg_constraint
    union select typname from pg_catalog.pg_type
    union select proname from pg_catalog.pg_proc
    union select extname from pg_catalog.pg_extension
    union select lanname from pg_catalog.pg_language
    union select tgname from pg_catalog.pg_trigger`,

  // pg_get_viewdef waits for these, and the one who holds them may be the very session that waits for the catalog.
  lockedRelations: `select distinct relation from pg_catalog.pg_locks
    where locktype = 'relation' and mode = 'AccessExclusiveLock' and relation >= ${FIRST_USER_OID}`,
};

/**
 * What only a rule's tree tells. A whole-row reference leaves no column in pg_depend: it is a Var with attribute 0.
 * A rule for INSERT, UPDATE or DELETE returns rows by a SELECT of its own or by RETURNING.
 */
export const ruleTrees = (rules: readonly string[]): string => `
  with dangers as (select ':(funcid|relid) (' || pg_catalog.string_agg(oid::text, '|') || ') ' as pattern from (
    select oid from pg_catalog.pg_proc where oid < ${FIRST_USER_OID} and proname in (${list(hazards.functions)})
    union select oid from pg_catalog.pg_class where oid < ${FIRST_USER_OID} and relname in (${list(hazards.relations)})) o)
  select r.oid, r.xmin, pg_catalog.strpos(r.ev_action::text, ':varattno 0 ') > 0,
    r.ev_action::text ~ dangers.pattern, r.ev_action::text ~ ':commandType 1 |:returningList [(]'
  from pg_catalog.pg_rewrite r, dangers where r.oid = any ('{${rules.join(',')}}')`;

export const columnsOf = (relations: readonly string[]): string => `
  select attrelid, pg_catalog.json_agg(pg_catalog.json_build_array(attnum, attname, atttypid::bigint) order by attnum)
  from pg_catalog.pg_attribute where attnum > 0 and not attisdropped and attrelid = any ('{${relations.join(',')}}')
  group by attrelid`;

export const viewDefinitions = (views: readonly number[]): string =>
  `select v, pg_catalog.pg_get_viewdef(v) from pg_catalog.unnest('{${views.join(',')}}'::oid[]) v`;
