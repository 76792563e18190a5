import { beforeAll, describe, expect, test } from 'vitest';
import { fromBinary } from '@bufbuild/protobuf';
import { calm, type Quarantine, type Standing } from '#domain';
import { StatementReceivedSchema } from '#events';
import { ManualClock, type Principal } from '#kernel';
import { compileMasking, parseMasking, type MaskingSet } from '#masking';
import { compilePolicies, type PolicySnapshot } from '#policy-engine';
import { loadStatementParser, LongTexts, type CatalogRelation, type Names } from '#statement';
import type { Judgement, JudgeRequest, Namespace } from './gate.js';
import { outputAt } from './masked-outputs.js';
import { Judges } from './judges.js';

beforeAll(loadStatementParser);

const bot: Principal = { id: 'corp:bot', issuer: 'corp', subject: 'bot', kind: 'agent', groups: ['agents'] };
const orders = { name: 'orders', protocol: 'postgres', owner: '' };
const all = '@id("all") permit (principal, action in Action::"sql:any", resource);';
const names = ['id', 'email', 'ssn'];

const customers: CatalogRelation = {
  ...{ oid: 16384, schema: 'public', name: 'customers', kind: 'r' },
  columns: names.map((name, i) => ({
    ...{ name, attnum: i + 1, typeOid: 25 },
    ...(name === 'id' ? {} : { sensitive: { class: name, lookup: name === 'email' } }),
  })),
};

function namespace(): Namespace {
  const clear = { ...customers, columns: names.map((name, i) => ({ name, attnum: i + 1, typeOid: 25 })) };
  const meant = (isClear: boolean): Names => ({
    anySensitive: !isClear,
    relation: ({ name }) => (name === 'customers' ? (isClear ? clear : customers) : 'unknown'),
    isBuiltinFunction: () => true,
    isBuiltinOperator: () => true,
    composite: () => undefined,
  });
  const hidden = meant(false);
  return {
    key: {},
    namesFor: (reveals) => (reveals('email') && reveals('ssn') ? meant(true) : hidden),
    resolve: ({ name }) => (name === 'customers' ? [{ schema: 'public', name, oid: 16384 }] : []),
  };
}

function house(policies = all, masking = 'rules: []') {
  const clock = new ManualClock();
  const set = compileMasking(parseMasking(masking, 'masking.yaml'));
  const snapshot = compilePolicies([{ name: 'test.cedar', text: policies }]);
  const state: { snapshot: PolicySnapshot; masking: MaskingSet; standing: Standing } = {
    ...{ snapshot, masking: set, standing: calm },
  };
  const judges = new Judges({
    longTexts: new LongTexts(),
    ...{ clock, maxStatementBytes: 1000, quarantineApprovers: 'approvers' },
    standing: () => state.standing,
    policies: () => state.snapshot,
    masking: () => state.masking,
  });
  const here = namespace();
  const ask = (text: string, more: Partial<JudgeRequest> = {}, who = bot): Judgement =>
    judges
      .of(who, orders)
      .judge({ text, namespace: here, inTransaction: false, lookup: () => undefined, ...more });
  return { clock, state, judges, here, ask };
}

test('the record has what is read through what a statement names, once', () => {
  const { ask, here } = house();
  const through = (oid: number) => (oid === 16384 ? [{ schema: 'public', name: 'people' }] : []);
  const recorded = (text: string) =>
    fromBinary(StatementReceivedSchema, ask(text, { namespace: { ...here, through } }).recorded);
  const text = 'SELECT 1 FROM customers a, customers b';
  expect(recorded(text)).toMatchObject({ through: [{ schema: 'public', name: 'people' }] });
  expect(recorded('SELECT 1 FROM others').through).toEqual([]);
  expect(fromBinary(StatementReceivedSchema, ask(text).recorded).through).toEqual([]);
});

test('what no record can hold is refused, however short its text', () => {
  const { ask } = house();
  const prepared = { ...ask('SELECT 1'), recordedText: 'x'.repeat(100_000) };
  const lookup = () => prepared;
  expect(ask('EXECUTE a;'.repeat(10), { lookup }).verdict.decision).toBe('allow');
  const judgement = ask('EXECUTE a;'.repeat(20), { lookup });
  expect(judgement.verdict).toMatchObject({ decision: 'deny' });
  expect(judgement.verdict.reason).toMatch(/^its record would have 200\d{4} bytes, the limit is 1572864$/);
  expect(fromBinary(StatementReceivedSchema, judgement.recorded)).toMatchObject({ text: '…', kinds: [] });
});

describe('one judgement for all sessions', () => {
  test('of the same principal, groups, names and text', () => {
    const { ask } = house();
    const first = ask('SELECT id FROM customers');
    expect(ask('SELECT id FROM customers', {}, { ...bot })).toBe(first);
    expect(ask('SELECT id FROM customers', {}, { ...bot, groups: ['agents', 'x'] })).not.toBe(first);
    expect(ask('SELECT id FROM customers', { namespace: namespace() })).not.toBe(first);
    expect(ask('SELECT id  FROM customers')).not.toBe(first);
  });

  test('stands until what it was made from changes', () => {
    const { ask, judges, here, state, clock } = house();
    const judge = judges.of(bot, orders);
    const judgement = ask('SELECT id FROM customers');
    clock.advance(5 * 3_600_000);
    expect(judge.stillHolds(judgement, here, true)).toBe(true);
    expect(judge.stillHolds(judgement, namespace(), false)).toBe(false);
    state.snapshot = compilePolicies([{ name: 'test.cedar', text: `${all} ` }]);
    expect(judge.stillHolds(judgement, here, false)).toBe(false);
    expect(ask('SELECT id FROM customers')).not.toBe(judgement);
  });

  test('time and transaction count where a policy reads them, and each is judged once', () => {
    const when = 'forbid (principal, action in Action::"sql:any", resource) when';
    const { ask, judges, here, clock } = house(
      `${all} ${when} { context.inTransaction }; ${when} { context.hour == 3 };`,
    );
    const judge = judges.of(bot, orders);
    const [outside, inside] = [false, true].map((inTransaction) => ask('SELECT 1', { inTransaction }));
    expect([outside!.verdict.decision, inside!.verdict.decision]).toEqual(['allow', 'deny']);
    expect(ask('SELECT 1')).toBe(outside);
    expect(ask('SELECT 1', { inTransaction: true })).toBe(inside);
    clock.advance(3 * 3_600_000);
    expect(judge.stillHolds(outside!, here, false)).toBe(false);
    expect(ask('SELECT 1').verdict.decision).toBe('deny');
  });

  test('risk counts where a policy reads it, at once and both ways', () => {
    const when = 'forbid (principal, action in Action::"sql:any", resource) when { context.risk == "high" };';
    for (const [policies, reads] of [
      [`${all} ${when}`, true],
      [all, false],
    ] as const) {
      const { ask, judges, here, state } = house(policies);
      const judge = judges.of(bot, orders);
      const before = ask('SELECT 1');
      state.standing = { risk: 'high', quarantine: undefined };
      expect(judge.stillHolds(before, here, false)).toBe(!reads);
      expect(ask('SELECT 1').verdict.decision).toBe(reads ? 'deny' : 'allow');
      state.standing = calm;
      expect(judge.stillHolds(before, here, false)).toBe(true);
      expect(ask('SELECT 1').verdict.decision).toBe('allow');
    }
  });

  test('what EXECUTE and FETCH mean is of their session', () => {
    const { ask, judges, here } = house();
    const [one, two] = ['SELECT id FROM customers', 'SELECT email FROM customers'].map((text) => ask(text));
    const first = ask('EXECUTE q', { lookup: () => one });
    const second = ask('EXECUTE q', { lookup: () => two });
    expect(first).not.toBe(second);
    expect(judges.of(bot, orders).stillHolds(first, here, false)).toBe(false);
  });

  test('EXECUTE and FETCH have a fingerprint of what they run, whatever that is called', () => {
    const { ask } = house();
    const print = (text: string, runs?: string) => {
      const judgement = runs === undefined ? undefined : ask(runs);
      return fromBinary(StatementReceivedSchema, ask(text, { lookup: () => judgement }).recorded).fingerprint;
    };
    for (const [run, id, email] of [
      ['EXECUTE p', 'PREPARE p AS SELECT id FROM customers', 'PREPARE p AS SELECT email FROM customers'],
      ['FETCH 5 FROM p', 'DECLARE p CURSOR FOR SELECT id FROM orders', 'DECLARE p CURSOR FOR SELECT 1'],
    ] as const) {
      expect(print(run, id)).toMatch(/^[0-9a-f]{16}$/);
      expect(print(run, id)).not.toBe(print(run, email));
      expect(print(run.replace('p', 'q'), id.replace(' p ', ' q '))).toBe(print(run, id));
      expect([print(id), print(email)]).not.toContain(print(run, id));
    }
    expect(print('SELECT 1')).toBe(print('SELECT 2'));
  });
});

test('a function that only a cast calls is asked for as code, where nothing is masked', () => {
  const { ask, here } = house('@id("reads") permit (principal, action == Action::"sql:select", resource);');
  const reach = (anywhere: boolean, name: string) => ({
    anywhere,
    names: new Set([name]),
    relations: new Set<number>(),
  });
  const casts = [
    { said: 'int to token', source: reach(true, 'int4'), target: reach(false, 'token'), how: 'explicit' },
  ] as const;
  const namespace: Namespace = {
    ...here,
    key: {},
    namesFor: () => ({ ...here.namesFor(() => true), casts }),
  };
  const [hidden, open] = ['SELECT 7::token', 'SELECT 7::int'].map((text) => ask(text, { namespace }));
  expect([hidden!.verdict.decision, hidden!.writes]).toEqual(['deny', true]);
  expect([open!.verdict.decision, open!.writes]).toEqual(['allow', false]);
});

describe('what is sensitive', () => {
  test.each([
    ['SELECT 1', false],
    ['BEGIN', false],
    ['SHOW search_path', false],
    ['SELECT status FROM tickets', false],
    ['SELECT id FROM customers', true],
    ['SELECT count(*) FROM customers', true],
    ['SELECT status FROM tickets WHERE EXISTS (SELECT FROM customers)', true],
    ['DELETE FROM customers', true],
    ['PREPARE p AS SELECT id FROM customers', true],
    ['DECLARE c CURSOR FOR SELECT id FROM customers', true],
    ['EXPLAIN SELECT id FROM customers', true],
    ['COPY customers TO STDOUT', true],
    ['SELECT 1; SELECT id FROM customers', true],
  ])('%s: %s', (text, is) => expect(house().ask(text).sensitive).toBe(is));

  test('EXECUTE and FETCH are what they run', () => {
    const { ask } = house();
    for (const [made, run] of [
      ['PREPARE p AS SELECT id FROM customers', 'EXECUTE p'],
      ['DECLARE p CURSOR FOR SELECT id FROM customers', 'FETCH p'],
    ] as const) {
      const masked = ask(made);
      expect(ask(run, { lookup: () => masked }).sensitive).toBe(true);
      const plain = ask(made.replace('customers', 'tickets'));
      expect(ask(run, { lookup: () => plain }).sensitive).toBe(false);
    }
  });
});

describe('the classes of the columns that are touched', () => {
  test.each([
    ['SELECT id FROM customers', []],
    ['SELECT email FROM customers', ['email']],
    ['SELECT count(*) FROM customers WHERE ssn IS NULL', ['ssn']],
    ['SELECT * FROM customers', ['email', 'ssn']],
    ["UPDATE customers SET email = 'a' WHERE id = 1", ['email']],
    ['DELETE FROM customers WHERE id = 1', ['email', 'ssn']],
    ["INSERT INTO customers (id, ssn) VALUES (1, 'x')", ['ssn']],
    ["INSERT INTO customers VALUES (1, 'a', 'x')", ['email', 'ssn']],
    ['TRUNCATE customers', ['email', 'ssn']],
    ['SELECT c FROM customers c', ['email', 'ssn']],
    ['SELECT 1', []],
    ['SELECT FROM', []],
  ])('of %s', (text, classes) => expect(house().ask(text).classes).toEqual(classes));

  test('also for one who reads them in the clear', () => {
    const reveal = `${all} permit (principal, action == Action::"reveal", resource);`;
    const { ask } = house(reveal);
    const judgement = ask('SELECT email FROM customers');
    expect([judgement.clean, judgement.classes, judgement.sensitive]).toEqual([true, ['email'], true]);
  });
});

describe('what outputs carry', () => {
  const masked = (judgement: Judgement, statement: number, width: number) =>
    Array.from({ length: width }, (_, place) => {
      const output = outputAt(judgement, statement, place, width);
      return typeof output === 'object' ? output.sources.map(({ column }) => column).join() : output;
    });

  test('by statement and by place', () => {
    const { ask } = house();
    const judgement = ask('SELECT 1; SELECT id, lower(email) AS id2, email FROM customers');
    expect(masked(judgement, 1, 3)).toEqual([undefined, 'email', 'email']);
    expect(masked(judgement, 1, 4)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  test('a text that touches nothing masked needs no look at all', () => {
    const judgement = house().ask('SELECT 1 AS email');
    expect(judgement).toMatchObject({ clean: true, settled: true, bounded: false });
    expect(outputAt(judgement, 0, 0, 7)).toBeUndefined();
  });

  test('EXECUTE and FETCH carry what they run, defined elsewhere or in the same text', () => {
    const { ask } = house();
    const prepared = ask(
      'PREPARE p AS SELECT 1; PREPARE q AS SELECT id, email FROM customers; PREPARE r AS SELECT 1',
    );
    expect(masked(ask('SELECT 1; EXECUTE q', { lookup: () => prepared }), 1, 2)).toEqual([
      undefined,
      'email',
    ]);
    const parsed = ask('SELECT email, id FROM customers');
    expect(masked(ask('EXECUTE q', { lookup: () => parsed }), 0, 2)).toEqual(['email', undefined]);
    const same = ask('BEGIN; DECLARE c CURSOR FOR SELECT email FROM customers; FETCH 5 FROM c');
    expect(masked(same, 2, 1)).toEqual(['email']);
    expect(ask('EXECUTE q').verdict).toMatchObject({
      decision: 'deny',
      reason: 'prepared statement "q" does not exist',
    });
  });

  test('where the classes are revealed nothing is masked', () => {
    const reveal = 'permit (principal, action == Action::"reveal", resource is DataClass);';
    const { ask } = house(all + reveal);
    expect(ask('SELECT email FROM customers ORDER BY ssn')).toMatchObject({ clean: true });
  });
});

describe('refusals that no policy lifts', () => {
  const reasonOf = (judgement: Judgement) =>
    judgement.verdict.decision === 'deny' ? judgement.verdict.reason : undefined;

  test('a masked column where it may not be', () => {
    const { ask } = house();
    expect(reasonOf(ask('SELECT id FROM customers ORDER BY ssn'))).toContain('ssn');
    expect(reasonOf(ask('SELECT ssn FROM customers'))).toBeUndefined();
  });

  test('a text that does not parse, and one that is too long', () => {
    const { ask } = house();
    expect(reasonOf(ask('SELEC 1'))).toBeDefined();
    expect(reasonOf(ask(`SELECT '${'x'.repeat(1000)}'`))).toContain('the limit is 1000');
  });

  test('a literal of a class that may not be sent; its record has no literals', () => {
    const { ask } = house(all, 'rules: []\ninbound: { card: deny }');
    const judgement = ask("SELECT '4111111111111111', 'told to nobody'");
    expect(reasonOf(judgement)).toBe('it carries a value of class card, which may not be sent');
    const record = fromBinary(StatementReceivedSchema, judgement.recorded);
    expect(record.text).not.toMatch(/4111|nobody/);
    expect(reasonOf(ask('SELECT 4111111111111111'))).toContain('class card');
    expect(reasonOf(ask("SELECT '4111111111111112'"))).toBeUndefined();
    expect(reasonOf(house().ask("SELECT '4111111111111111'"))).toBeUndefined();
  });

  test('a mask that is written back', () => {
    const { ask } = house();
    const write = (email: string) => `UPDATE customers SET email = '${email}' WHERE id = 7`;
    expect(reasonOf(ask(write('d***@example.com')))).toContain('public.customers.email');
    expect(reasonOf(ask(write('deniz@example.com')))).toBeUndefined();
    expect(reasonOf(ask("INSERT INTO customers VALUES (1, 'd@example.com', '****')"))).toContain('ssn');
  });

  test('a mask that is written back by EXECUTE', () => {
    const { ask } = house();
    const prepared = ask('PREPARE q AS UPDATE customers SET email = $1 WHERE id = $2');
    const execute = (email: string) => ask(`EXECUTE q('${email}', 7)`, { lookup: () => prepared });
    expect(reasonOf(execute('d***@example.com'))).toContain('destroys the original');
    expect(reasonOf(execute('deniz@example.com'))).toBeUndefined();
  });

  test('EXECUTE that looks up what a setting gives: another value each time under one text', () => {
    const { ask } = house();
    const prepared = ask('PREPARE q AS SELECT id FROM customers WHERE email = $1');
    const reason = (text: string, by = prepared) => reasonOf(ask(text, { lookup: () => by }));
    expect(reason("EXECUTE q(current_setting('application_name'))")).toContain('write the value itself');
    expect(reason("EXECUTE q('a@example.com')")).toBeUndefined();
    for (const argument of [
      `('{' || '2000-01-01 00:00:00+00'::timestamptz || '}')`,
      `'2000-01-01'::timestamptz::text`,
      `(ARRAY['a', 'b'])[1]`,
      'current_user',
    ])
      expect(reason(`EXECUTE q(${argument})`)).toContain('write the value itself');
    expect(reason("EXECUTE q('a@example.com'::text)")).toBeUndefined();
    const plain = ask('PREPARE q AS SELECT id FROM customers WHERE id = $1');
    expect(reason('EXECUTE q(1 + 2)', plain)).toBeUndefined();
    expect(reason("EXECUTE q(length('abc'))", plain)).toBeUndefined();
  });

  test('EXECUTE of what the same text prepares, as of another', () => {
    const { ask } = house();
    const reason = (text: string) => reasonOf(ask(text));
    const looked = 'PREPARE q AS SELECT id FROM customers WHERE email';
    expect(reason(`${looked} = $1; EXECUTE q('a' || 'b')`)).toContain('write the value itself');
    expect(reason(`${looked} = ANY ($1); EXECUTE q('{a,b}')`)).toContain('run the statement itself');
    const write = 'PREPARE q AS UPDATE customers SET email = $1 WHERE id = 7';
    expect(reason(`${write}; EXECUTE q('d***@example.com')`)).toContain('destroys the original');
    expect(reason(`${looked} = $1; EXECUTE q('a')`)).toBeUndefined();
    expect(reason(`${write}; EXECUTE q('deniz@example.com')`)).toBeUndefined();
  });

  test('asking a person about what a setting gives: it may give another when it runs', () => {
    const approve =
      '@effect("approve") @approvers("a") permit (principal, action == Action::"sql:update", resource);';
    const { ask } = house(`${all} ${approve}`);
    const { verdict } = ask(
      "UPDATE customers SET id = current_setting('application_name')::int WHERE id = 1",
    );
    expect(verdict).toMatchObject({
      decision: 'deny',
      reason: expect.stringContaining('nobody can approve') as string,
    });
    expect(ask('UPDATE customers SET id = 2 WHERE id = 1').verdict.decision).toBe('hold');
    expect(ask("SELECT current_setting('application_name')").verdict.decision).toBe('allow');
  });

  test('more than twenty look-ups', () => {
    const { ask } = house();
    const list = (count: number) => Array.from({ length: count }, (_, i) => `'${i}'`).join();
    expect(reasonOf(ask(`SELECT id FROM customers WHERE email IN (${list(21)})`))).toContain(
      'more than 20 values',
    );
    const some = ask(`SELECT id FROM customers WHERE email IN (${list(20)})`);
    expect(reasonOf(some)).toBeUndefined();
    expect(some.settled).toBe(false);
  });

  test('a write beside a read that may be cut off, whatever bounds it', () => {
    const both = 'SELECT id FROM customers; DELETE FROM customers WHERE id = 1';
    for (const bound of [
      '@max_rows("5")',
      '@max_bytes("5")',
      '@max_rows_per("5/1h")',
      '@max_bytes_per("5/1h")',
    ])
      expect(reasonOf(house(`${bound} ${all}`).ask(both))).toContain('row budget');
    expect(reasonOf(house().ask(both))).toBeUndefined();
  });
});

describe('what an execution has to be asked about', () => {
  test('EXECUTE looks up new values with each text, FETCH none', () => {
    const { ask } = house();
    const prepared = ask('PREPARE q AS SELECT id FROM customers WHERE email = $1');
    const lookups = (text: string) =>
      ask(text, { lookup: () => prepared }).lookups.flatMap(({ constants }) => constants);
    expect(lookups("EXECUTE q('a')")).toHaveLength(1);
    expect(lookups("EXECUTE q('a')")).not.toEqual(lookups("EXECUTE q('b')"));
    expect(new Set(lookups("EXECUTE q('a'); EXECUTE q('b')"))).toHaveProperty('size', 2);
    const both = "PREPARE q AS SELECT id FROM customers WHERE email = $1; EXECUTE q('a'); EXECUTE q('b')";
    expect(new Set(lookups(both))).toHaveProperty('size', 2);
    const cursor = ask("DECLARE c CURSOR FOR SELECT id FROM customers WHERE email = 'a'");
    expect(cursor.lookups).toHaveLength(1);
    expect(ask('FETCH 1 FROM c', { lookup: () => cursor }).lookups).toEqual([]);
  });

  test('the rest of a result only where the text alone gives it again', () => {
    const { ask } = house(`@max_rows("5") @on_excess("approve") @approvers("a") ${all}`);
    const may = (text: string, more: Partial<JudgeRequest> = {}) =>
      ask(text, more).verdict.obligations.onExcess !== undefined;
    expect(may('SELECT id FROM customers')).toBe(true);
    expect(may('SELECT 1; SELECT id FROM customers')).toBe(false);
    expect(may('DELETE FROM customers RETURNING id')).toBe(false);
    const cursor = ask('DECLARE c CURSOR FOR SELECT id FROM customers');
    expect(may('FETCH 100 FROM c', { lookup: () => cursor })).toBe(false);
  });

  test('groups to notify stand in the record', () => {
    const { ask } = house(`@notify("security, dba") ${all}`);
    const record = fromBinary(StatementReceivedSchema, ask('SELECT 1').recorded);
    expect(record.notify).toEqual(['security', 'dba']);
  });
});

describe('a quarantine', () => {
  const masked =
    'rules: [{ connection: "*", column: "*.customers.email", class: email, transform: partial }]';
  const at = (level: Quarantine['level'], more: Partial<Quarantine> = {}): Standing => ({
    risk: 'watch',
    quarantine: {
      ...{ identity: 'corp:bot', level, reason: 'reads a lot', by: 'corp:sec', findingId: '' },
      ...{ since: 0, eventId: 'evt_1', ...more },
    },
  });
  const decisions = (standing: Standing, ...texts: readonly string[]) => {
    const { ask, state } = house(all, masked);
    state.standing = standing;
    return texts.map((text) => ask(text).verdict.decision);
  };
  const texts = ['SELECT 1', 'SELECT id FROM customers', 'BEGIN', 'SET TIME ZONE 0', 'CHECKPOINT'] as const;

  test.each([
    ['watch', ['allow', 'allow', 'allow', 'allow', 'allow']],
    ['approve', ['hold', 'hold', 'allow', 'allow', 'hold']],
    ['nothing_sensitive', ['allow', 'deny', 'allow', 'allow', 'deny']],
    ['blocked', ['deny', 'deny', 'deny', 'deny', 'deny']],
  ] as const)('of level %s', (level, expected) => {
    expect(decisions(at(level), ...texts)).toEqual(expected);
    expect(decisions(calm, ...texts)).toEqual(['allow', 'allow', 'allow', 'allow', 'allow']);
  });

  test('counts at once on what was judged before, whatever policies read; lifted, too', () => {
    const { ask, judges, here, state } = house();
    const before = ask('SELECT 1');
    state.standing = at('blocked');
    expect(judges.of(bot, orders).stillHolds(before, here, false)).toBe(false);
    const refused = ask('SELECT 1');
    expect(refused.verdict).toMatchObject({ decision: 'deny', policyIds: ['quarantine'] });
    expect(refused.verdict.reason).toMatch(/^corp:bot is in quarantine \(reads a lot\): .*security team$/);
    expect(fromBinary(StatementReceivedSchema, refused.recorded)).toMatchObject({
      ...{ decision: 'deny', policyIds: ['quarantine'], reason: refused.verdict.reason },
    });
    state.standing = at('blocked', { reason: 'another' });
    expect(ask('SELECT 1').verdict.reason).toContain('another');
    state.standing = calm;
    expect(ask('SELECT 1').verdict.decision).toBe('allow');
  });

  test('is never milder than policies are', () => {
    const { ask, state } = house(
      `${all} forbid (principal, action == Action::"sql:delete", resource);
      @effect("approve") @approvers("dba") @quorum("2") permit (principal, action == Action::"sql:update", resource);`,
    );
    state.standing = at('approve');
    expect(ask('DELETE FROM customers').verdict.decision).toBe('deny');
    const update = ask('UPDATE customers SET id = 1 WHERE id = 2').verdict;
    expect(update).toMatchObject({ decision: 'hold', obligations: { approvers: ['dba'], quorum: 2 } });
    const read = ask('SELECT id FROM customers').verdict;
    expect(read).toMatchObject({ decision: 'hold', obligations: { approvers: ['approvers'], quorum: 1 } });
    expect(ask("SELECT current_setting('a.b')").verdict.reason).toMatch(/^nobody can approve/);
  });

  test('keeps the bounds of policies, and asks nobody for more than those', () => {
    const { ask, state } = house(
      all.replace('@id', '@max_rows("5") @on_excess("approve") @approvers("dba") @id'),
    );
    expect(ask('SELECT 1').verdict.obligations).toMatchObject({
      maxRows: 5,
      onExcess: { approvers: ['dba'] },
    });
    state.standing = at('approve');
    const { obligations } = ask('SELECT 1').verdict;
    expect([obligations.maxRows, obligations.onExcess]).toEqual([5, undefined]);
  });
});
