import pg from 'pg';
import type { PostgresServer } from '../../support/peers.js';
import { maskedColumns, type MaskedColumn, type PersonRow, type Twin } from './secrets.js';

export const vaultRole = 'svc_vault';
export const vaultPassword = 'a password that no client may see 9';

/** What the masking file says: by column, of `people` and of what else holds such values in its own right. */
export const vaultRules: readonly string[] = [
  ...ruled('people', maskedColumns, {
    email: 'email',
    card: 'card',
    iban: 'iban',
    ssn: 'ssn',
    phone: 'phone',
  }),
  rule('events.secret', 'free-text', 'whole'),
  rule('accounts.person_email', 'email', 'partial'),
  rule('wages.salary', 'salary', 'whole'),
];

function ruled(
  table: string,
  columns: readonly MaskedColumn[],
  classes: Partial<Record<MaskedColumn, string>>,
): string[] {
  const transforms: Partial<Record<MaskedColumn, string>> = {
    email: 'partial',
    card: 'partial',
    ident: '"null"',
  };
  // Generated from email: its mask must follow by itself.
  return columns
    .filter((column) => column !== 'slug')
    .map((column) => rule(`${table}.${column}`, classes[column] ?? 'private', transforms[column] ?? 'whole'));
}

function rule(column: string, dataClass: string, transform: string): string {
  return `{ connection: "*", column: "*.${column}", class: ${dataClass}, transform: ${transform} }`;
}

export const maskingFile = (rules: readonly string[] = vaultRules): string =>
  `rules:\n${rules.map((each) => `  - ${each}\n`).join('')}`;

/** The types that the masked columns have. */
export const columnTypes: Readonly<Record<MaskedColumn, string>> = {
  email: 'text', ssn: 'text', card: 'text', iban: 'text', phone: 'varchar(40)', notes: 'text', profile: 'jsonb',
  doc: 'json', tags: 'text[]', blob: 'bytea', pr: 'pair', dom: 'dom_secret', mood: 'mood', page: 'xml',
  attrs: 'hstore', nick: 'citext', born: 'date', salary: 'numeric(12,2)', level: 'int', flag: 'boolean', big: 'bigint',
  score: 'float8', seen: 'timestamptz', ident: 'uuid', rng: 'int4range', slug: 'text',
}; // prettier-ignore

const extensions = [
  'citext', 'hstore', 'pg_stat_statements', 'dblink', 'tablefunc', 'xml2', 'pg_trgm', 'pgcrypto', 'fuzzystrmatch',
]; // prettier-ignore

/** Those that are written; slug is generated. */
const ownColumns = maskedColumns.filter((column) => column !== 'slug');

const columnList = ownColumns.map((column) => `${column} ${columnTypes[column]}`).join(', ');

/** Everything but rows. Made once, so that both databases have the same object ids. */
const schema = `
  ${extensions.map((each) => `create extension if not exists ${each};`).join(' ')}
  grant pg_monitor to ${vaultRole};
  set role ${vaultRole};
  create domain dom_secret as text;
  create domain dom_number as text check (value ~ '^[0-9]$');
  create type pair as (a text, b int);
  create type mood as enum ('calm', 'glad', 'sour', 'wild');
  create table people (id int primary key, name text not null, city text, joined date, ${columnList},
    slug text generated always as (lower(email)) stored,
    unique (email), check (level > 0), check (name <> ssn));
  create index people_lower on people (lower(email));
  create index people_part on people (id) where level > 300000000;
  create statistics people_stats on city, ssn, mood from people;
  create table people_child (extra text) inherits (people);
  create table orders (id int primary key, person_id int, amount numeric(10, 2), note text);
  create table sink (id serial primary key, v text, n int);
  create table accounts (id int primary key, person_email text references people (email));
  create table wages (person_id int primary key, salary int);
  create table events (id int, person_id int, secret text) partition by range (id);
  create table events_low partition of events for values from (0) to (3);
  create table events_high (secret text, person_id int, id int);
  alter table events attach partition events_high for values from (3) to (1000);
  create table archive (id int primary key, was people, many people[]);
  create view contacts as select id as person, email as contact, ssn as identifier, salary as pay from people;
  create view contacts_upper as select person, upper(contact) as shout from contacts;
  create view people_all as select * from people;
  create view people_rows as select id, p as person from people p;
  create view pay_by_city as select city, max(salary) as top, count(*) as n from people group by city;
  create view barrier with (security_barrier) as select id, name, notes from people where flag;
  create view clear_view as select id, name, city from people;
  create view joined_view as select o.id, o.amount, p.email from orders o join people p on p.id = o.person_id;
  create materialized view people_mat as select id, notes as remark, salary, lower(email) as mail from people with no data;
  create function peek(int) returns text language sql as 'select email from people where id = $1';
  create function peek_all() returns setof text language sql as 'select ssn from people';
  create function peek_rows() returns setof people language sql as 'select * from people';
  create function peek_table() returns table (who text, pay numeric) language sql as 'select email, salary from people';
  create function secret_of(people) returns text language sql as 'select $1.ssn || $1.email';
  create function tell(text) returns boolean language plpgsql cost 0.0001 as
    $$ begin raise notice 'told %', $1; return true; end $$;
  create function first_of(int, int) returns text language sql as 'select email from people limit 1';
  create operator === (leftarg = int, rightarg = int, function = first_of);
  create function initcap(varchar) returns text language sql as 'select ssn from people limit 1';
  create function push(text, text) returns text language sql as 'select $1 || $2';
  create aggregate gather(text) (sfunc = push, stype = text, initcond = '');
  create procedure shout() language plpgsql as
    $$ begin raise warning '%', (select email from people where id = 1); end $$;
  create view called_view as select id, peek(id) as got from orders;

  create table bait (kind text);
  create function bait() returns trigger language plpgsql as $$
    declare p people;
    begin
      select * into p from people where id = 1;
      case new.kind
        when 'notice' then raise notice 'saw % and "%"', p.email, p.notes;
        when 'notice detail' then raise notice 'seen' using detail = p.email, hint = p.ssn;
        when 'info' then raise info '%', p;
        when 'warning' then raise warning 'row %', row_to_json(p);
        when 'error' then raise exception '% is not allowed', p.ssn;
        when 'quoted' then raise exception 'column "%" of relation "%" does not exist', p.ssn, p.notes;
        when 'detail' then raise exception 'no' using detail = p.notes, hint = p.phone;
        when 'fields' then raise exception 'no' using column = p.notes, constraint = p.ssn, datatype = p.dom,
          table = p.iban, schema = p.card;
        when 'setting' then perform set_config('application_name', p.notes, false);
        when 'timezone' then perform set_config('TimeZone', '<' || substr(p.notes, 3, 6) || '>3', false);
        when 'datestyle' then perform set_config('search_path', p.dom, false);
        when 'notify' then perform pg_notify('chan', p.email);
        when 'channel' then perform pg_notify(substr(p.notes, 3, 12), 'x');
        when 'cast' then perform p.email::int;
        when 'date' then perform p.notes::date;
        when 'json' then perform p.notes::json;
        when 'regclass' then perform p.dom::regclass;
        when 'divide' then perform 1 / (case when p.flag then 0 else 1 end);
        when 'dynamic' then execute 'select ' || p.dom;
        when 'assert' then assert false, p.notes;
        else null;
      end case;
      return new;
    end $$;
  create trigger bait before insert on bait for each row execute function bait();
  create function tattle() returns trigger language plpgsql as $$
    begin
      raise notice 'was %', old.email;
      if new.city = 'notify' then perform pg_notify('chan', old.email); end if;
      if new.city = 'fail' then raise exception 'not %', old.ssn using detail = old::text; end if;
      return new;
    end $$;
  create trigger tattle before update on people for each row execute function tattle();
  reset role;
`;

/** Both databases, with the same objects, filled with what each twin hides. */
export async function buildVault(server: PostgresServer, twins: readonly Twin[]): Promise<void> {
  await withAdmin(server, 'postgres', async (admin) => {
    await admin.query(`create role ${vaultRole} login password '${vaultPassword}'`);
    await admin.query('create database vault_template');
    await admin.query('alter database vault_template set bytea_output = hex');
  });
  await withAdmin(server, 'vault_template', (admin) =>
    admin.query(`grant create on schema public to ${vaultRole}`),
  );
  await withAdmin(server, 'vault_template', (admin) => admin.query(schema));
  // The third is what destructive statements are aimed at.
  for (const [name, twin] of [
    ...twins.map((each) => [each.name, each] as const),
    ['prey', twins[0]!] as const,
  ]) {
    await withAdmin(server, 'postgres', (admin) =>
      admin.query(`create database vault_${name} template vault_template`),
    );
    await withAdmin(server, `vault_${name}`, (admin) => fill(admin, twin));
  }
}

export async function withAdmin<T>(
  { host, port, superuser: user, password }: PostgresServer,
  database: string,
  work: (admin: pg.Client) => Promise<T>,
): Promise<T> {
  const admin = new pg.Client({ host, port, user, password, database, application_name: 'test superuser' });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

const cities = ['Ghent', 'Oslo', 'Ghent', 'Lima'];

async function fill(admin: pg.Client, { people }: Twin): Promise<void> {
  await admin.query('set session_replication_role = replica');
  for (const [i, row] of people.entries()) await insertPerson(admin, i, row);
  await admin.query('set session_replication_role = origin');
  await admin.query(`
    insert into people_child (id, name, city, joined, ${ownColumns.join(', ')})
      select 101, 'Kid', 'Oslo', '2020-02-02', ${ownColumns.join(', ')} from only people where id = 4;
    insert into orders select g, 1 + g % 4, g * 1.25, 'order ' || g from generate_series(1, 20) g;
    insert into accounts select id, email from only people;
    insert into wages select id, (substr(ssn, 1, 3)::int + 10) * 1000 + substr(ssn, 5, 2)::int from only people;
    insert into events select id, id, notes from only people;
    insert into archive select 1, p, array[p] from only people p where id = 1;
    refresh materialized view people_mat;
    analyze;
  `); // prettier-ignore
}

async function insertPerson(admin: pg.Client, i: number, row: PersonRow): Promise<void> {
  const values = ownColumns.map((column, at) => `$${at + 5}::${columnTypes[column]}`);
  await admin.query(
    `insert into people (id, name, city, joined, ${ownColumns.join(', ')}) values ($1, $2, $3, $4, ${values.join(', ')})`,
    [i + 1, `Person ${i + 1}`, cities[i], `2021-0${i + 1}-01`, ...ownColumns.map((column) => row[column])],
  );
}
