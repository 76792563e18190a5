import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { byte, frontend, int16, message } from '../../services/proxy/postgres/codec.js';
import { eventually } from '../support/house.js';
import { peer } from '../support/peers.js';
import { execution, query, RawClient, sync } from '../support/raw-client.js';
import { copiedIn, errorsIn, of, rowsIn, statusesIn, tagsIn } from '../support/wire-reading.js';
import type { Frame } from '../support/wire-tap.js';
import { Stage } from './stage.js';

const masking = `
rules:
  - { column: '*.customers.email', class: email, transform: partial }
inbound: { card: deny }
`;
const card = '4111111111111111';
const parse = (name: string, text: string) => message(frontend.parse, name, text, int16(0));
const bind = (portal: string, name: string, ...values: string[]) =>
  message(
    frontend.bind,
    ...[portal, name, int16(0), int16(values.length)],
    ...values.flatMap((value) => [Buffer.byteLength(value), Buffer.from(value)]),
    int16(0),
  );
const execute = (portal: string) => message(frontend.execute, portal, 0);
const data = (text: string) => message(frontend.copyData, Buffer.from(text));
const texts = (frames: readonly Frame[]) => rowsIn(frames).map((row) => row.map(String));

describe.skipIf(!peer('postgres'))('the bounds of a session', () => {
  let stage: Stage;
  let client: RawClient;
  beforeAll(async () => void (stage = await Stage.build({ masking })), 120_000);
  afterAll(() => stage.down());
  beforeEach(async () => {
    client = await RawClient.signIn(await stage.address());
    return () => client.end();
  });

  const copyIn = async (text: string, ...pieces: Buffer[]) => {
    const seen = client.frames.length;
    client.write(query(text));
    await client.until((frames) => of('G', frames.slice(seen)).length === 1);
    return client.ask(...pieces);
  };

  it('holds 10,000 prepared statements, and serves on after one more', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => parse(`s${i}`, 'select 1'));
    expect(errorsIn(await client.ask(...many, sync))).toEqual([]);
    const more = await client.ask(parse('more', 'select 1'), sync);
    expect(errorsIn(more)).toMatchObject([{ sqlstate: '54000' }]);
    await client.ask(message(frontend.close, byte(0x53), 's7'), sync);
    expect(errorsIn(await client.ask(parse('more', 'select 1'), sync))).toEqual([]);
  }, 60_000);

  it('keeps the literals of what it refused out of the record', async () => {
    const literal = "zq'x77";
    const text = `select id from customers where email like '${literal.replace("'", "''")}%'`;
    expect(errorsIn(await client.ask(query(text)))).toMatchObject([{ sqlstate: '42501' }]);
    expect(errorsIn(await client.ask(execution(text), sync))).toMatchObject([{ sqlstate: '42501' }]);
    const recorded = async () =>
      JSON.stringify(await stage.house.sql("SELECT * FROM statements WHERE text LIKE '%email%'"));
    await expect.poll(recorded, { timeout: 30_000 }).toContain('customers');
    expect(await recorded()).not.toContain('x77');
  }, 60_000);

  it('looks up what stands in ARRAY, and counts its elements where it is declared an array itself', async () => {
    const text = 'select email from customers where email = any (array[$1, $2])';
    const emails = (await stage.admin.query<{ email: string }>('select email from customers where id < 22'))
      .rows;
    const [one, two] = emails.map(({ email }) => email);
    const found = await client.ask(parse('', text), bind('', '', one!, two!), execute(''), sync);
    expect(texts(found)).toEqual([['w***@example.com'], ['w***@example.com']]);
    const all = `{${emails.map(({ email }) => `"${email}"`).join(',')}}`;
    const declared = message(frontend.parse, '', text, int16(2), 1009, 1009);
    const arrays = (array: string) => [declared, bind('', '', array, array), execute(''), sync];
    expect(texts(await client.ask(...arrays(`{"${one!}"}`)))).toEqual([['w***@example.com']]);
    expect(errorsIn(await client.ask(...arrays(all)))).toMatchObject([{ sqlstate: '42501' }]);
    // Used as one elsewhere, the server takes it for one here, too.
    const used = `select email from customers where array['x'] <> $1 and email = any (array[$1])`;
    const inferred = await client.ask(parse('', used), bind('', '', all), execute(''), sync);
    expect(errorsIn(inferred)).toMatchObject([{ sqlstate: '42501' }]);
    expect(rowsIn(inferred)).toEqual([]);
  });

  it('copies in UTF-8 only, and goes on', async () => {
    const answer = await client.ask(query("copy customers (id) to stdout with (encoding 'latin1')"));
    expect(errorsIn(answer)).toMatchObject([{ sqlstate: '42501' }]);
    expect(errorsIn(answer)[0]!.message).toContain('UTF8');
    const copying = client.ask(query("copy customers (id) to stdout with (encoding 'utf-8')"));
    await stage.house.decide(await stage.house.pendingApproval(), 'approve');
    expect(tagsIn(await copying)).toEqual(['COPY 40']);
  });

  it('counts what it masks in a COPY out, by its columns', async () => {
    const copying = client.ask(query('copy (select id, email as address from customers) to stdout'));
    await stage.house.decide(await stage.house.pendingApproval(), 'approve');
    expect(copiedIn(await copying).toString()).toContain('w***@example.com');
    const counted = async () =>
      JSON.stringify(await stage.house.sql("SELECT * FROM statements WHERE text LIKE '%as address%'"));
    await expect.poll(counted, { timeout: 30_000 }).toMatch(/"email":"?40/);
  }, 60_000);

  it('executes a cursor that SQL declared, masked', async () => {
    await client.ask(query('begin'));
    await client.ask(query('declare c cursor for select email from customers where id < 3'));
    const answer = await client.ask(message(frontend.execute, 'c', 1), execute('c'), sync);
    expect(texts(answer)).toEqual([['w***@example.com'], ['w***@example.com']]);
  });

  it('serves the statement behind one that its budget has cut off', async () => {
    const cut = await client.ask(execution('select id from big'), sync);
    expect(rowsIn(cut)).toHaveLength(10_000);
    expect(errorsIn(cut)).toMatchObject([{ sqlstate: 'WK002' }]);
    // Two are cut off, and no cancel hits what follows.
    await client.ask(query('begin'));
    const twice = [execution('select id from big'), execution('select id from big'), sync];
    expect(statusesIn(await client.ask(...twice))).toBe('E');
    await client.ask(query('rollback'));
    for (let i = 0; i < 5; i++) {
      expect(errorsIn(await client.ask(query('select id from big')))).toMatchObject([{ sqlstate: 'WK002' }]);
      expect(texts(await client.ask(query("select 'after' as t, pg_sleep(0.02)::text")))).toEqual([
        ['after', ''],
      ]);
    }
  });

  it('refuses a parameter of a class that may not be sent', async () => {
    const insert = parse('', 'insert into scratch (who) values ($1)');
    const answer = await client.ask(insert, bind('', '', card), execute(''), sync);
    expect(errorsIn(answer)).toMatchObject([{ sqlstate: '42501' }]);
    expect(errorsIn(await client.ask(insert, bind('', '', 'nobody'), execute(''), sync))).toEqual([]);
    expect(await stage.count('scratch where who = $1', [card])).toBe(0);
  });

  it('refuses COPY data with one, by its line, and stores none of it', async () => {
    const denied = await copyIn('copy scratch (who, n) from stdin', data(`one\t1\ntwo\t2\n${card}\t3\n`));
    expect(errorsIn(denied)).toMatchObject([{ sqlstate: '42501' }]);
    expect(errorsIn(denied)[0]!.message).toMatch(/line 3.*card/);
    expect(await stage.count("scratch where who in ('one', 'two')")).toBe(0);
    const done = message(frontend.copyDone);
    const taken = await copyIn('copy scratch (who, n) from stdin', data('one\t1\ntw'), data('o\t2'), done);
    expect(tagsIn(taken)).toEqual(['COPY 2']);
    expect(await stage.count("scratch where who in ('one', 'two')")).toBe(2);
  });

  it('refuses it in the extended protocol, and the transaction with it', async () => {
    await client.ask(query('begin'));
    const seen = client.frames.length;
    client.write(execution('copy scratch (who) from stdin'), sync);
    await client.until((frames) => of('G', frames.slice(seen)).length === 1);
    client.write(data(`${card}\n`), message(frontend.copyDone), sync);
    await client.until((frames) => of('Z', frames.slice(seen)).length === 1);
    expect(errorsIn(client.frames.slice(seen))).toMatchObject([{ sqlstate: '42501' }]);
    expect(statusesIn(client.frames.slice(seen))).toBe('E');
    await eventually(async () => statusesIn(await client.ask(query('rollback'))) === 'I');
  });

  // The last one: the audit has some 34 MiB of texts to take in from it.
  it('holds 32 MiB of prepared statements, by Parse and by PREPARE, beside 5,000 ordinary ones', async () => {
    const columns = Array.from({ length: 12 }, (_, i) => `t.id + ${i} AS column_${i}`).join(', ');
    const ordinary = Array.from({ length: 5_000 }, (_, i) =>
      parse(`o${i}`, `select ${columns} from customers t where t.id = ${i}`),
    );
    for (let i = 0; i < ordinary.length; i += 500)
      expect(errorsIn(await client.ask(...ordinary.slice(i, i + 500), sync))).toEqual([]);
    const large = `select length('${'x'.repeat(1_000_000)}')`;
    const filled: number[] = [];
    for (let i = 0; i < 34; i++)
      if (errorsIn(await client.ask(parse(`l${i}`, large), sync)).length === 0) filled.push(i);
    expect(filled.length).toBeGreaterThan(25);
    expect(filled.length).toBeLessThan(33);
    const tooMuch = [{ sqlstate: '54000', message: expect.stringContaining('32 MiB') }];
    expect(errorsIn(await client.ask(parse('more', large), sync))).toMatchObject(tooMuch);
    expect(errorsIn(await client.ask(query(`prepare more as ${large}`)))).toMatchObject(tooMuch);
    expect(errorsIn(await client.ask(query('prepare small as select 1')))).toEqual([]);
    expect(errorsIn(await client.ask(parse('', large), sync))).toEqual([]);
    expect(texts(await client.ask(bind('', 'o7'), message(frontend.describe, byte(0x50), ''), sync))).toEqual(
      [],
    );
    expect(errorsIn(await client.ask(query('deallocate l0')))).toEqual([]);
    expect(errorsIn(await client.ask(query(`prepare more as ${large}`)))).toEqual([]);
    expect(texts(await client.ask(query('execute more')))).toEqual([['1000000']]);
  }, 120_000);
});
