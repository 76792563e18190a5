import { FIRST_USER_OID } from './catalog-queries.js';
import type { Ask } from './catalog-read.js';

/**
 * Tells whether the catalog changed, cheaply. First: no transaction that writes has ended anywhere in the
 * cluster since a moment when none was open (xmin = xmax = the same number). Else: a sum over the rows' xmin,
 * which each DDL moves; VACUUM and ANALYZE write pg_class in place and do not.
 */
export interface Stamp {
  /** `xmax` where no writing transaction was open; undefined where one was. */
  readonly quiet: string | undefined;
  readonly sum: string;
}

// A query of its own: planning the sum would cost more than all else that a quiet poll does.
const snapshotQuery = `select pg_catalog.pg_snapshot_xmin(s), pg_catalog.pg_snapshot_xmax(s)
  from pg_catalog.pg_current_snapshot() s`;

const summed: readonly (readonly [catalog: string, key: string, where?: string])[] = [
  ['pg_class', 'oid'],
  ['pg_attribute', 'attrelid::bigint * 1600 + attnum', `attrelid >= ${FIRST_USER_OID} and attnum > 0`],
  ['pg_namespace', 'oid'],
  ['pg_rewrite', 'oid'],
  ['pg_inherits', 'inhrelid'],
  ['pg_attrdef', 'oid'],
  ['pg_constraint', 'oid'],
  ['pg_extension', 'oid'],
  ['pg_proc', 'oid', `oid >= ${FIRST_USER_OID}`],
  ['pg_operator', 'oid', `oid >= ${FIRST_USER_OID}`],
  ['pg_opclass', 'oid', `oid >= ${FIRST_USER_OID}`],
  ['pg_cast', 'oid', `oid >= ${FIRST_USER_OID}`],
  ['pg_type', 'oid', `oid >= ${FIRST_USER_OID}`],
];

// The key is mixed in, so that two rows that trade their transactions do not cancel out.
const sumQuery = `select ${summed
  .map(
    ([catalog, key, where]) => `(select count(*) || ':' || coalesce(sum(
      (xmin::text::bigint * 40503 + (${key})::bigint) % 1073741827), 0)
      from pg_catalog.${catalog}${where === undefined ? '' : ` where ${where}`})`,
  )
  .join(` || '/' || `)}`;

/** `last` itself where nothing changed for sure: one query. Compare `sum` otherwise. */
export async function readStamp(ask: Ask, last?: Stamp): Promise<Stamp> {
  const [xmin, xmax] = (await ask(snapshotQuery))[0]!;
  const quiet = xmin === xmax ? xmax! : undefined;
  if (last !== undefined && quiet !== undefined && quiet === last.quiet) return last;
  return { quiet, sum: (await ask(sumQuery))[0]![0]! };
}
