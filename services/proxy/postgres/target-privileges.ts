import type { Row } from './target-channel.js';

/*
 * Roles that can step around the gate's view of a statement: a superuser may do anything; the file and program
 * roles reach the server's host; a replication role may read the whole log through a slot, unmasked; a
 * subscription opens connections of its own; before version 16 CREATEROLE could grant itself all of these.
 * Membership counts also where it is not inherited: SET ROLE would take it.
 * BYPASSRLS and pg_read_all_data are not here: what they open is still masked and decided.
 */
export const privilegesQuery = `
set local search_path = '';
select coalesce(pg_catalog.string_agg(distinct reason, ', ' order by reason), '') from (
  select case
    when r.rolsuper then 'superuser'
    when r.rolreplication then 'replication'
    when r.rolcreaterole and pg_catalog.current_setting('server_version_num')::int < 160000 then 'createrole'
    else r.rolname::text end as reason
  from pg_catalog.pg_roles r
  where pg_catalog.pg_has_role(current_user, r.oid, 'member')
    and (r.rolsuper or r.rolreplication
      or r.rolcreaterole and pg_catalog.current_setting('server_version_num')::int < 160000
      or r.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program',
                       'pg_create_subscription'))
) found`;

/** What makes the role privileged, or undefined. */
export function privileges(rows: readonly Row[]): string | undefined {
  return rows[0]?.[0] || undefined;
}
