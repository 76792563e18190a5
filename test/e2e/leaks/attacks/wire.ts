import { byte, frontend, int16, int32, message } from '../../../../services/proxy/postgres/codec.js';
import { query, sync } from '../../../support/raw-client.js';
import { bind, type Attacker, type Protocol } from '../attacker.js';

/** What only the bytes of the protocol can do. `owner` runs a text as the superuser, on a connection of its own. */
export interface WireAttack {
  readonly name: string;
  readonly run: (
    attacker: Attacker,
    protocol: Protocol,
    owner: (sql: string) => Promise<unknown>,
  ) => Promise<void>;
  /** Puts back what the owner changed. */
  readonly after?: string;
}

const parse = (name: string, text: string) => message(frontend.parse, name, text, int16(0));
const describePortal = (name: string) => message(frontend.describe, byte(0x50), name);
const describeStatement = (name: string) => message(frontend.describe, byte(0x53), name);
const execute = (portal: string, rows = 0) => message(frontend.execute, portal, rows);
const flush = message(frontend.flush);
const close = (kind: 'S' | 'P', name: string) => message(frontend.close, byte(kind.charCodeAt(0)), name);
const all = Buffer.concat.bind(Buffer) as (parts: Buffer[]) => Buffer;

/**
 * The catalog is asked a second after it was last read: what an owner changes past the gate shows then, a stated limit.
 * On a machine that is busy for long, reading it takes longer: WEIR_SETTLE_MS.
 */
export const settle = () =>
  new Promise((done) => setTimeout(done, Number(process.env['WEIR_SETTLE_MS'] ?? 1300)));

export const wireAttacks: readonly WireAttack[] = [
  {
    name: 'a portal in parts, interleaved with another',
    run: async (c, protocol) => {
      await c.send(query('begin'));
      await c.send(all([parse('s', 'select id, email, notes from people'), parse('t', 'select 1 as a, name, name as b from people'),
        bind('p', 's', [], protocol), bind('q', 't', [], protocol), describePortal('q'), execute('p', 1), execute('q', 1), execute('p', 2), sync])); // prettier-ignore
      await c.send(all([execute('p', 1), execute('q', 0), execute('p', 0), sync]));
      await c.send(query('fetch all from p'));
      await c.send(query('rollback'));
    },
  },
  {
    name: 'executed without a Describe',
    run: async (c, protocol) => {
      await c.send(all([parse('', 'select email, ssn, salary from people'), bind('', '', [], protocol), execute(''), sync]));
      await c.send(all([parse('s', 'select contact as id, pay from contacts'), sync]));
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
    },
  },
  {
    name: 'described long ago',
    run: async (c, protocol, owner) => {
      await owner(`create view moving as select id, name as v, city as w from people`);
      await owner(`grant select on moving to public`);
      await settle();
      await c.send(all([parse('s', 'select id, v, w from moving'), describeStatement('s'), sync]));
      await c.send(all([bind('', 's', [], protocol), describePortal(''), execute(''), sync]));
      await owner(`create or replace view moving as select id, notes as v, ssn as w from people`);
      await settle();
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
      await c.send(all([bind('', 's', [], protocol), execute('', 1), execute('', 1), sync]));
      await c.send(query('select v || w from moving'));
    },
    after: 'drop view moving',
  },
  {
    name: 'a name of the clear swapped with a masked one, between Parse and Execute',
    run: async (c, protocol, owner) => {
      await c.send(all([parse('s', 'select id, name as x from people'), describeStatement('s'), sync]));
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
      await owner('begin; alter table people rename name to aside; alter table people rename notes to name; commit');
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
      await c.send(query('select id, name from people'));
      await settle();
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
      await c.send(all([parse('', 'select upper(name) from people'), bind('', '', [], protocol), execute(''), sync]));
      await c.send(query('select name || 1 from people; select name as id from people union all select name from people'));
    },
    after: 'begin; alter table people rename name to notes; alter table people rename aside to name; commit',
  },
  {
    name: 'tables swapped between Parse and Execute',
    run: async (c, protocol, owner) => {
      await owner('create table harmless (id int, notes text, ssn text); grant select on harmless to public');
      await settle();
      await c.send(all([parse('s', 'select id, notes || ssn as x, count(*) from harmless group by 1, 2'), describeStatement('s'), sync]));
      await owner('begin; alter table harmless rename to aside; alter table people rename to harmless; commit');
      await settle();
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
      await c.send(query('select id, notes || ssn as x from harmless'));
      await c.send(query('prepare z as select notes || ssn from harmless; execute z'));
    },
    after: 'begin; alter table harmless rename to people; drop table aside; commit',
  },
  {
    name: 'a function redefined between Parse and Execute',
    run: async (c, protocol, owner) => {
      await c.send(all([parse('s', 'select upper(name), note from orders, clear_view where orders.id = 1'), sync]));
      await owner(`create function public.upper(varchar) returns text language sql as 'select notes from people limit 1'`);
      await settle();
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
      await c.send(query(`select upper('x'::varchar)`));
    },
    after: 'drop function public.upper(varchar)',
  },
  {
    name: 'columns dropped and made again in another order',
    run: async (c, protocol, owner) => {
      await c.send(all([parse('s', 'select * from sink'), describeStatement('s'), sync]));
      await owner('alter table sink drop column v, drop column n; alter table sink add v people, add n int');
      await owner('insert into sink (v) select p from only people p where id = 1');
      await owner('update sink set v = (select p from only people p where id = 1)');
      await settle();
      await c.send(all([bind('', 's', [], protocol), execute(''), sync]));
      await c.send(query('select * from sink'));
      await c.send(query('select (v).email, v::text from sink'));
    },
    after: 'alter table sink drop column v, drop column n; alter table sink add v text, add n int; delete from sink',
  },
  {
    name: 'results in binary and text by turns',
    run: async (c) => {
      const columns = 'id, email, salary, born, level, big, score, seen, ident, blob, rng, tags, flag';
      await c.send(all([parse('s', `select ${columns} from people`), sync]));
      for (const formats of [[1], [0], Array.from({ length: 13 }, (_, i) => i % 2)])
        await c.send(all([bindFormats('s', formats), execute(''), sync]));
    },
  },
  {
    name: 'function-call messages',
    run: async (c, _protocol, owner) => {
      const oids = (await owner(
        `select oid::int as oid, pronargs from pg_proc where proname in ('peek', 'peek_all', 'query_to_xml', 'lo_get', 'version') order by oid`,
      )) as { rows: { oid: number; pronargs: number }[] };
      for (const { oid, pronargs } of oids.rows) {
        // FunctionCall (F): 'F' oid:int32 formats:int16[] count:int16 [ size:int32 bytes ]* result format:int16
        const args = pronargs === 0 ? [] : [int32(1), Buffer.from('1')];
        const call = message(frontend.functionCall, int32(oid), int16(0), int16(args.length / 2), ...args, int16(0));
        await c.send(call).catch(() => undefined);
      }
    },
  },
  {
    name: 'after an error, before Sync',
    run: async (c, protocol) => {
      await c.send(all([parse('', 'select upper(email) from people'), bind('', '', [], protocol), execute(''),
        parse('', 'select email::text from people'), bind('', '', [], protocol), execute(''), sync])); // prettier-ignore
      await c.send(all([parse('', 'select 1/0'), bind('', '', [], protocol), execute(''), query('select reverse(notes) from people'), sync]), 1);
      await c.send(sync);
    },
  },
  {
    name: 'a statement name used again',
    run: async (c, protocol) => {
      await c.send(all([parse('s', 'select 1 as a'), sync]));
      await c.send(all([parse('s', 'select email::text from people'), bind('', 's', [], protocol), execute(''), sync]));
      await c.send(all([close('S', 's'), parse('s', 'select notes as a from people'), bind('', 's', [], protocol), execute(''), sync]));
      await c.send(all([bind('', 's', [], protocol), describePortal(''), execute('', 2), close('P', ''), sync]));
    },
  },
  {
    name: 'Flush instead of Sync',
    run: async (c, protocol) => {
      c.write(all([parse('', 'select email, notes from people'), bind('', '', [], protocol), describePortal(''), execute('', 1), flush]));
      await c.idle(150);
      c.write(all([execute('', 2), flush]));
      await c.idle(150);
      await c.send(sync);
    },
  },
  {
    name: 'Describe of what is refused',
    run: async (c) => {
      await c.send(all([parse('s', 'select email::int, upper(ssn) from people'), describeStatement('s'), sync]));
      await c.send(all([parse('s', `select ('x' || $1)::regclass, $1::dom_secret`), describeStatement('s'), sync]));
      await c.send(all([describeStatement('s'), describePortal('nobody'), sync]));
    },
  },
]; // prettier-ignore

/* Bind (F) with a result format for each column. */
function bindFormats(statement: string, formats: readonly number[]): Buffer {
  return message(
    frontend.bind,
    '',
    statement,
    int16(0),
    int16(0),
    int16(formats.length),
    ...formats.map(int16),
  );
}
