import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { frontend, int16, int32, message } from '../../services/proxy/postgres/codec.js';
import { eventually, TestHouse } from '../support/house.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';
import { query, RawClient, sync } from '../support/raw-client.js';
import { copiedIn, errorsIn, noticesIn, of, rowsIn, tagsIn } from '../support/wire-reading.js';
import type { Frame } from '../support/wire-tap.js';

/** One database behind two connections: what policies permit and no rule masks goes as if nobody stood between. */
describe.skipIf(!peer('postgres'))('with a policy that permits all', () => {
  let server: PostgresServer;
  let house: TestHouse;
  let clear: RawClient;
  let masked: RawClient;

  beforeAll(async () => {
    server = await startPostgres();
    const connection = (name: string) =>
      `  - { name: ${name}, protocol: postgres, host: 127.0.0.1, port: ${server.port}, database: postgres, ` +
      `tls: disable, user: postgres, password: '${server.password}', owner: me, allowPrivileged: true }`;
    house = await TestHouse.start({
      policies: {
        'all.cedar': '@id("all")\npermit (principal, action, resource);\n',
        'shown.cedar':
          '@id("shown")\npermit (principal, action == Action::"reveal", resource == DataClass::"name")\nwhen { resource in Connection::"shown" };\n',
      },
      masking:
        'rules:\n' +
        ['masked', 'shown']
          .map(
            (name) => `  - { connection: ${name}, column: "*.people.name", class: name, transform: whole }\n`,
          )
          .join(''),
      yaml: ['connections:', ...['clear', 'masked', 'shown'].map(connection)].join('\n'),
    });
    const first = await RawClient.signIn(await house.client('clear'));
    await first.ask(
      query(`create table people (id int primary key, name text, long int generated always as (id * 2) stored);
        insert into people values (1, 'Zq7Ana'), (2, 'Zq7Bob')`),
    );
    await first.end();
  }, 120_000);
  afterAll(async () => {
    await house.stop();
    await server.stop();
  });
  beforeEach(async () => {
    clear = await RawClient.signIn(await house.client('clear'));
    masked = await RawClient.signIn(await house.client('masked'));
    return async () => {
      await clear.end();
      await masked.end();
    };
  });

  const copied = (frames: readonly Frame[]) => copiedIn(frames).toString();

  it('errors and notices are whole where no rule masks, but for what classifiers find', async () => {
    const text = `do $$ begin raise notice 'Zq7 %', 'bob@example.com' using detail = 'Zq7 too'; end $$;
      insert into people values (1, 'x')`;
    const open = await clear.ask(query(text));
    expect(noticesIn(open)).toMatchObject([{ message: 'Zq7 b***@example.com', detail: 'Zq7 too' }]);
    expect(errorsIn(open)).toMatchObject([{ sqlstate: '23505', detail: 'Key (id)=(1) already exists.' }]);
    const closed = await masked.ask(query('insert into people values (1, $$x$$)'));
    expect(errorsIn(closed)).toMatchObject([{ sqlstate: '23505', detail: '' }]);
  });

  it('so are notifications', async () => {
    await clear.ask(query('listen news'));
    await masked.ask(query('listen news'));
    await clear.ask(query("notify news, 'Zq7'"));
    expect(of('A', await clear.ask(query('select 1'))).length + of('A', clear.frames).length).toBeGreaterThan(
      0,
    );
    await masked.ask(query('select 1'));
    expect(of('A', masked.frames)).toEqual([]);
  });

  it('and a table that no other session can see yet', async () => {
    const text =
      "begin; create table fresh (name text); insert into fresh values ('Zq7'); select * from fresh; rollback";
    expect(String(rowsIn(await clear.ask(query(text)))[0])).toBe('Zq7');
  });

  it('what is no SQL is answered as the server would, with the place, and nothing of it is done', async () => {
    const wrong = { sqlstate: '42601', message: 'syntax error at or near "x"', detail: '', hint: '' };
    const simple = await masked.ask(query("delete from people; select 'é' frm x y"));
    expect(errorsIn(simple)).toMatchObject([wrong]);
    expect(of('E', simple)[0]!.body.toString('latin1')).toContain('P36\0');
    const parse = message(frontend.parse, '', 'select 1 frm x', int16(0));
    expect(errorsIn(await masked.ask(parse, sync))).toMatchObject([wrong]);
    expect(rowsIn(await clear.ask(query('select from people')))).toHaveLength(2);
  });

  it('COPY of a table takes all columns but generated ones, each under its own mask', async () => {
    const text = query('copy people to stdout');
    expect(copied(await clear.ask(text))).toBe('1\tZq7Ana\n2\tZq7Bob\n');
    expect(copied(await masked.ask(text))).toBe('1\t****\n2\t****\n');
  });

  it('COPY of a query, or by name, takes what it names, and generated columns whatever they are made of stay out', async () => {
    expect(copied(await masked.ask(query('copy (select * from people) to stdout')))).toBe(
      '1\t****\t2\n2\t****\t4\n',
    );
    expect(copied(await masked.ask(query('copy people (name, id) to stdout')))).toBe('****\t1\n****\t2\n');
    await clear.ask(
      query(`drop table if exists fixed; create table fixed (c int generated always as (1) stored, a int);
        insert into fixed values (default, 7)`),
    );
    expect(copied(await masked.ask(query('copy fixed to stdout')))).toBe('7\n');
  });

  it('COPY behind what changes its columns is refused: they were asked for before', async () => {
    const text = 'begin; alter table people rename id to x; alter table people rename name to id';
    const answer = await masked.ask(query(`${text}; copy people (id) to stdout`));
    expect(errorsIn(answer)).toMatchObject([{ sqlstate: '42501' }]);
    expect(copied(answer)).toBe('');
    await masked.ask(query(text));
    expect(copied(await masked.ask(query('copy people (id) to stdout')))).toBe('****\n****\n');
    const back = await masked.ask(query('rollback; copy people (id) to stdout'));
    expect(errorsIn(back)).toMatchObject([{ sqlstate: '42501' }]);
    await masked.ask(query('rollback'));
  });

  it('COPY of a table that was made a moment ago', async () => {
    for (const client of [clear, masked]) {
      await client.ask(
        query(`drop table if exists made; create table made (a int, b int generated always as (a * 2) stored);
          insert into made values (7)`),
      );
      expect(copied(await client.ask(query('copy made to stdout')))).toBe('7\n');
    }
  });

  it('COPY in and several COPY out in one query string', async () => {
    const seen = masked.frames.length;
    masked.write(
      query(
        'copy people (id, name) from stdin; copy people (id) to stdout; copy people to stdout; delete from people where id = 3',
      ),
    );
    await masked.until((frames) => of('G', frames.slice(seen)).length === 1);
    const answer = await masked.ask(
      message(frontend.copyData, Buffer.from('3\tZq7Eve\n')),
      message(frontend.copyDone),
    );
    expect(copied(answer)).toBe('1\n2\n3\n1\t****\n2\t****\n3\t****\n');
    expect(tagsIn(answer)).toEqual(['COPY 1', 'COPY 3', 'COPY 3', 'DELETE 1']);
  });

  it('a COPY that the server refuses has the server’s own error', async () => {
    const errors = async (text: string) =>
      errorsIn(await masked.ask(query(text))).map((each) => each.sqlstate);
    expect(await errors('copy people (nothing) to stdout')).toEqual(['42703']);
    expect(await errors('copy (delete from people where false) to stdout')).toEqual(['0A000']);
    expect(await errors('begin; select 1/0')).toEqual(['22012']);
    expect(await errors('copy people to stdout')).toEqual(['25P02']);
    expect(await errors('rollback')).toEqual([]);
  });

  it('what a policy lets out in the clear is counted as what is masked is, by all ways', async () => {
    const extended = (text: string, id: string) => [
      message(frontend.parse, '', text, int16(0)),
      message(
        frontend.bind,
        '',
        '',
        int16(0),
        int16(1),
        int32(id.length),
        Buffer.from(id),
        int16(1),
        int16(0),
      ),
      message(frontend.execute, '', int32(0)),
    ];
    const byId = 'select name, id from people where id = $1';
    // With how many values of the class.
    const asked: readonly (readonly [number, ...Buffer[]])[] = [
      [2, query('select * from people')],
      [2, query('select id, name, long from people')],
      [1, ...extended(byId, '2'), sync],
      [0, ...extended(byId, '7'), sync],
      [0, query('select count(*) from people')],
      [2, query('copy people to stdout')],
      [2, query('copy (select name from people) to stdout (format csv)')],
      [4, query('select name from people; select 1; select id, name from people')],
      [0, query('begin; declare c cursor for select name from people order by id')],
      [1, query('fetch 1 from c')],
      [1, query('fetch 5 from c')],
      [0, query('rollback')],
    ];
    const shown = await RawClient.signIn(await house.client('shown'));
    for (const client of [shown, masked])
      for (const [, ...messages] of asked) expect(errorsIn(await client.ask(...messages))).toEqual([]);
    expect(String(rowsIn(await shown.ask(query('select name from people where id = 1'))))).toContain(
      'Zq7Ana',
    );
    await shown.end();
    const counts = async (connection: string) => {
      const rows =
        await house.sql(`select masked['name'] as hidden, revealed['name'] as open from session_events
        where type = 'StatementOutcome' and session_id = (
          select max(session_id) from session_events where connection = '${connection}') order by seq`);
      return rows.slice(0, asked.length).map(({ hidden, open }) => [Number(hidden), Number(open)]);
    };
    await eventually(async () => (await counts('shown')).length === asked.length, 15_000);
    await eventually(async () => (await counts('masked')).length === asked.length, 15_000);
    expect(await counts('shown')).toEqual(asked.map(([values]) => [0, values]));
    expect(await counts('masked')).toEqual(asked.map(([values]) => [values, 0]));
  }, 40_000);

  it('COPY to a file of the server is no COPY to the client; of a masked column it is refused', async () => {
    const file = `${server.logFile}.copy`;
    expect(tagsIn(await clear.ask(query(`copy people to '${file}'`)))).toEqual(['COPY 2']);
    expect(errorsIn(await masked.ask(query(`copy people (id) to '${file}'`)))).toMatchObject([
      { sqlstate: '42501' },
    ]);
    expect(
      errorsIn(await masked.ask(query(`copy (select name from people) to program 'cat > ${file}'`))),
    ).toMatchObject([{ sqlstate: '42501' }]);
  });
});
