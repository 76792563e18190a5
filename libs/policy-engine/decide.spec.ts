import { describe, expect, test } from 'vitest';
import { ana, bot, given, on, onConnection, orders, principal, request } from './spec/given.js';

const permitAll = '@id("all") permit (principal, action, resource);\n';
// Valid Cedar that fails when it is evaluated: 10 times the largest integer overflows.
const overflow = 'context.hour * 9223372036854775807 > 0';
const everyStatement = 'principal, action in Action::"sql:any", resource';

describe('evaluation errors', () => {
  test('a forbid that cannot be evaluated denies, though another policy permits', () => {
    given(`${permitAll}@id("broken") forbid (${everyStatement}) when { ${overflow} };`)
      .when(bot, on('sql:select'))
      .then({
        decision: 'deny',
        policyIds: ['broken'],
        reason: 'policy broken could not be evaluated, so the statement is refused',
      });
  });

  test('so does a permit', () => {
    given(`${permitAll}@id("broken") permit (${everyStatement}) when { ${overflow} };`)
      .when(bot, on('sql:select'))
      .then({ decision: 'deny', policyIds: ['broken'] });
  });

  test('so does an approve policy', () => {
    given(
      `${permitAll}@id("broken") @effect("approve") @approvers("dba") permit (${everyStatement}) when { ${overflow} };`,
    )
      .when(bot, on('sql:select'))
      .then({ decision: 'deny', policyIds: ['broken'] });
  });

  test('a condition that is not reached does not matter', () => {
    given(`${permitAll}@id("broken") forbid (${everyStatement}) when { context.hour == 3 && ${overflow} };`)
      .when(bot, on('sql:select'))
      .then({ decision: 'allow' });
  });

  test('a request that Cedar cannot read is denied', () => {
    given(`${permitAll}@id("late") forbid (${everyStatement}) when { context.hour > 22 };`)
      .whenIn({ hour: Number.NaN }, bot, on('sql:select'))
      .then({ decision: 'deny', policyIds: [] });
  });
});

describe('permit, forbid, default', () => {
  test('no policies permit nothing', () => given('').when(bot, on('sql:select')).then({ decision: 'deny' }));

  test('no accesses are no permission', () => given(permitAll).when(bot).then({ decision: 'deny' }));

  test('what is not understood is refused, whatever policies say', () => {
    given(permitAll).when(bot, onConnection('sql:unknown')).then({ decision: 'deny' });
    given(permitAll).when(bot, onConnection('sql:code')).then({ decision: 'allow' });
  });

  test('a forbid beats a permit and gives its reason', () => {
    given(
      `${permitAll}@id("f") @reason("salaries stay") forbid (principal, action, resource == Table::"orders/public/salaries");`,
    )
      .when(bot, on('sql:select', 'customers'), on('sql:select', 'salaries'))
      .then({ decision: 'deny', reason: 'salaries stay', policyIds: ['f'] });
  });

  test('without a reason: action and table', () => {
    given('forbid (principal, action, resource);')
      .when(bot, on('sql:update'))
      .then({
        decision: 'deny',
        reason: 'policy test.cedar#1 forbids UPDATE of public.customers without a WHERE that restricts it',
        policyIds: ['test.cedar#1'],
      });
  });

  test.each([
    ['Connection::"orders"', 'allow'],
    ['Schema::"orders/public"', 'allow'],
    ['Table::"orders/public/customers"', 'allow'],
    ['Connection::"other"', 'deny'],
    ['Schema::"orders/private"', 'deny'],
    ['Table::"orders/public/customer"', 'deny'],
  ] as const)('resource in %s: %s', (resource, decision) => {
    given(`permit (principal, action, resource in ${resource});`)
      .when(bot, on('sql:select'))
      .then({ decision });
  });

  test.each([
    ['principal is Agent', 'allow', 'deny'],
    ['principal == Agent::"corp:bot"', 'allow', 'deny'],
    ['principal == User::"corp:ana"', 'deny', 'allow'],
    ['principal in Group::"payments-team"', 'deny', 'allow'],
    ['principal is Agent in Group::"payments-team"', 'deny', 'deny'],
  ] as const)('%s: agent %s, person %s', (who, agent, person) => {
    const house = given(`permit (${who}, action, resource);`);
    house.when(bot, on('sql:select')).then({ decision: agent });
    house.when(ana, on('sql:select')).then({ decision: person });
  });

  test.each([
    ['principal.issuer == "corp" && principal.subject == "bot"', 'allow'],
    ['principal has onBehalfOf', 'deny'],
    ['resource.connection.owner == "payments-team"', 'allow'],
    ['resource.connection.protocol == "mysql"', 'deny'],
    ['resource is Table && resource.schema == "public" && resource.name like "cust*"', 'allow'],
    ['context.kinds.contains("select") && context.functions.isEmpty()', 'allow'],
    ['context has where && context.where == "none"', 'deny'],
    ['context.risk == "high" || context.weekday > 5 || context.hasLimit', 'deny'],
    ['context.multiStatement || context.inTransaction', 'deny'],
  ] as const)('when { %s }: %s', (condition, decision) => {
    given(`permit (${everyStatement}) when { ${condition} };`).when(bot, on('sql:select')).then({ decision });
  });

  test('an agent that acts for somebody', () => {
    given(
      `permit (${everyStatement}) when { principal has onBehalfOf && principal.onBehalfOf == "corp:ana" };`,
    )
      .when({ ...bot, onBehalfOf: 'corp:ana' }, on('sql:select'))
      .then({ decision: 'allow' });
  });

  test('a slash in a name makes no other table of it', () => {
    const house = given('permit (principal, action, resource == Table::"orders/a/b%2Fc");');
    const access = (schema: string, name: string) => ({
      ...on('sql:select'),
      relation: { schema, name },
    });
    house.when(bot, access('a', 'b/c')).then({ decision: 'allow' });
    house.when(bot, access('a/b', 'c')).then({ decision: 'deny' });
    house.when(bot, access('a', 'b%2Fc')).then({ decision: 'deny' });
  });
});

describe('approve policies', () => {
  const approve = (id: string, annotations: string, scope = 'principal, action, resource') =>
    `@id("${id}") @effect("approve") ${annotations} permit (${scope});\n`;

  test('alone they permit nothing', () => {
    given(approve('a', '@approvers("dba")')).when(bot, on('sql:select')).then({ decision: 'deny' });
  });

  test('a match holds what is permitted, and leaves the rest alone', () => {
    const house = given(
      permitAll + approve('a', '@approvers("dba")', 'principal, action in Action::"sql:write", resource'),
    );
    house.when(bot, on('sql:insert')).then({
      decision: 'hold',
      reason: 'INSERT into public.customers needs approval by dba',
      policyIds: ['a', 'all'],
    });
    house.when(bot, on('sql:select')).then({ decision: 'allow', obligations: { approvers: [], quorum: 0 } });
  });

  test('a forbid beats a hold', () => {
    given(`${permitAll}${approve('a', '@approvers("dba")')}forbid (principal, action, resource);`)
      .when(bot, on('sql:insert'))
      .then({ decision: 'deny' });
  });

  test('of two, the stricter: all groups, the larger quorum, the shorter wait, retry', () => {
    given(
      permitAll +
        approve(
          'a',
          '@approvers("dba, leads") @quorum("2") @wait("50") @max_rows("500") @in_transaction("wait")',
        ) +
        approve('b', '@approvers("leads,security") @mode("retry") @wait("20") @max_bytes("9")'),
    )
      .when(bot, on('sql:insert'))
      .then({
        decision: 'hold',
        policyIds: ['a', 'b', 'all'],
        obligations: {
          approvers: ['dba', 'leads', 'security'],
          quorum: 2,
          mode: 'retry',
          waitMs: 20_000,
          waitInTransaction: false,
          maxRows: 500,
          maxBytes: 9,
        },
      });
  });

  test('waiting inside a transaction, where all say so', () => {
    given(
      permitAll + approve('a', '@approvers("dba") @in_transaction("wait") @reason("the month is closed")'),
    )
      .when(bot, on('sql:insert'))
      .then({
        reason: 'the month is closed',
        obligations: { waitInTransaction: true, mode: 'wait', waitMs: 60_000 },
      });
  });

  test('matches of several accesses add up', () => {
    given(
      permitAll +
        approve('a', '@approvers("dba")', 'principal, action, resource == Table::"orders/public/a"') +
        approve('b', '@approvers("legal")', 'principal, action, resource == Table::"orders/public/b"'),
    )
      .when(bot, on('sql:select', 'a'), on('sql:select', 'b'), on('sql:select', 'c'))
      .then({ decision: 'hold', obligations: { approvers: ['dba', 'legal'] } });
  });
});

test('the same table, once with and once without WHERE: both count', () => {
  const update = (where: 'none' | 'present') => on('sql:update', 'a', { where });
  const house = given(
    `${permitAll}forbid (principal, action == Action::"sql:update", resource) when { context.where == "none" };`,
  );
  house.when(bot, update('present'), update('none')).then({ decision: 'deny' });
  house.when(bot, update('none'), update('present')).then({ decision: 'deny' });
  house.when(bot, update('present'), update('present')).then({ decision: 'allow' });
});

describe('bounds', () => {
  const read = 'principal, action, resource';

  test('the smallest of all determining permits holds', () => {
    given(
      `@max_rows("100") @max_bytes("70") permit (${read}); @max_rows("20") permit (${read}); permit (${read});`,
    )
      .when(bot, on('sql:select'))
      .then({ decision: 'allow', obligations: { maxRows: 20, maxBytes: 70 } });
  });

  test('also across tables', () => {
    given(
      '@max_rows("100") permit (principal, action, resource == Table::"orders/public/a");' +
        '@max_rows("50") permit (principal, action, resource == Table::"orders/public/b");',
    )
      .when(bot, on('sql:select', 'a'), on('sql:select', 'b'))
      .then({ obligations: { maxRows: 50 } });
  });

  test('who reaches one is told why, where the policies that bound it say so', () => {
    given(
      `@max_rows("9") @reason("exports are for reports") permit (${read}); @reason("for all") permit (${read});`,
    )
      .when(bot, on('sql:select'))
      .then({ obligations: { maxRows: 9, boundReason: 'exports are for reports' } });
    const { verdict } = given(`@max_rows("9") permit (${read}); @reason("for all") permit (${read});`).when(
      bot,
      on('sql:select'),
    );
    expect(verdict.obligations).not.toHaveProperty('boundReason');
  });

  test('a permit that does not match bounds nothing', () => {
    const { verdict } = given(
      `@max_rows("1") permit (principal is User, action, resource); permit (${read});`,
    ).when(bot, on('sql:select'));
    expect(verdict.obligations.maxRows).toBeUndefined();
  });
});

describe('columns', () => {
  const ssn =
    '@id("ssn") forbid (principal, action == Action::"sql:select", resource == Column::"orders/public/customers/ssn");';
  const select = (...columns: string[]) => on('sql:select', 'customers', { columns });

  test('a named column is forbidden, in its own table only', () => {
    const house = given(permitAll + ssn);
    house.when(bot, select('id', 'ssn')).then({
      decision: 'deny',
      reason: 'policy ssn forbids SELECT on public.customers.ssn',
    });
    house.when(bot, select('id', 'ssn2')).then({ decision: 'allow' });
    house.when(bot, on('sql:select', 'staff', { columns: ['ssn'] })).then({ decision: 'allow' });
    house.when(bot, on('sql:insert', 'customers', { columns: ['ssn'] })).then({ decision: 'allow' });
  });

  test('select * is a read of each', () => {
    given(permitAll + ssn)
      .when(bot, select('*'))
      .then({ decision: 'deny', policyIds: ['ssn'] });
    given(permitAll + ssn)
      .when(bot, on('sql:select', 'staff', { columns: ['*'] }))
      .then({ decision: 'allow' });
  });

  test('a permit for a table is enough for its columns', () => {
    given(`permit (principal, action, resource == Table::"orders/public/customers"); ${ssn}`)
      .when(bot, select('id'))
      .then({ decision: 'allow' });
  });

  test('by name: the column is found, and * must be spelt out', () => {
    const house = given(
      `${permitAll}@id("pin") forbid (principal, action, resource is Column in Table::"orders/public/customers") when { resource.name == "pin" };`,
    );
    house.when(bot, select('id', 'pin')).then({ decision: 'deny', policyIds: ['pin'] });
    house.when(bot, select('id')).then({ decision: 'allow' });
    house.when(bot, select('*')).then({
      decision: 'deny',
      reason: 'policy pin decides over columns by name: name them instead of writing *',
    });
    house.when(bot, on('sql:select', 'staff', { columns: ['*'] })).then({ decision: 'allow' });
  });

  test('a column can be held', () => {
    given(
      `${permitAll}@effect("approve") @approvers("dba") permit (principal, action, resource == Column::"orders/public/customers/email");`,
    )
      .when(bot, select('email'))
      .then({ decision: 'hold', obligations: { approvers: ['dba'] } });
  });

  test('the same table twice: the columns of both count', () => {
    given(permitAll + ssn)
      .when(bot, select('id'), select('ssn'))
      .then({ decision: 'deny' });
  });
});

describe('reveal', () => {
  const classes = ['email', 'card'];

  test('a permit that names reveal reveals that class, on that connection, to that group', () => {
    const { snapshot } = given(
      'permit (principal in Group::"payments-team", action == Action::"reveal", resource == DataClass::"email") when { resource in Connection::"orders" };',
    );
    expect([...snapshot.reveals(ana, orders, classes)]).toEqual(['email']);
    expect([...snapshot.reveals(bot, orders, classes)]).toEqual([]);
    expect([...snapshot.reveals(ana, { ...orders, name: 'other' }, classes)]).toEqual([]);
    expect([...snapshot.reveals(ana, orders, ['card'])]).toEqual([]);
  });

  test('a permit for everything does not', () => {
    expect(given(permitAll).snapshot.reveals(ana, orders, classes).size).toBe(0);
  });

  test('a forbid for everything does count', () => {
    const { snapshot } = given(
      'permit (principal, action == Action::"reveal", resource); forbid (principal is Agent, action, resource);',
    );
    expect([...snapshot.reveals(ana, orders, classes)]).toEqual(classes);
    expect([...snapshot.reveals(bot, orders, classes)]).toEqual([]);
  });

  test('an evaluation error reveals nothing', () => {
    const { snapshot } = given(
      'permit (principal, action == Action::"reveal", resource); forbid (principal, action == Action::"reveal", resource) when { principal.subject == "ana" && 9223372036854775807 + 1 > 0 };',
    );
    expect(snapshot.reveals(ana, orders, classes).size).toBe(0);
    expect(snapshot.reveals({ ...ana, subject: 'eve' }, orders, classes).size).toBe(2);
  });

  test('changed groups are another answer', () => {
    const { snapshot } = given('permit (principal in Group::"fraud", action == Action::"reveal", resource);');
    expect(snapshot.reveals(principal('person', []), orders, classes).size).toBe(0);
    expect(snapshot.reveals(principal('person', ['fraud']), orders, classes).size).toBe(2);
  });
});

test('the verdict names its snapshot', () => {
  const { snapshot } = given(permitAll);
  expect(snapshot.decide(request(bot, [on('sql:select')])).snapshot).toBe(snapshot.version);
  expect(snapshot.version).toMatch(/^[0-9a-f]{64}$/);
});

describe('budgets over time', () => {
  const read = (annotations: string, more = '') =>
    `${annotations} permit (principal, action == Action::"sql:select", resource) ${more};`;

  test('of each length the smallest amount holds', () => {
    given(
      read('@max_rows_per("100/1m, 5000/1h")') + read('@max_rows_per("1000/60m") @max_bytes_per("1MiB/1d")'),
    )
      .when(bot, on('sql:select'))
      .then({
        obligations: {
          maxRowsPer: [
            { amount: 100, ms: 60_000 },
            { amount: 1000, ms: 3_600_000 },
          ],
          maxBytesPer: [{ amount: 1_048_576, ms: 86_400_000 }],
        },
      });
  });

  test('without them an obligation has none, so that nobody has to look', () => {
    const { verdict } = given(read('')).when(bot, on('sql:select'));
    expect(Object.keys(verdict.obligations)).toEqual(
      Object.keys(verdict.obligations).filter((k) => !/max|excess|notify/i.test(k)),
    );
  });

  test('the rest is asked for only if every policy that bounds it says so', () => {
    const asks = read('@max_rows("5") @on_excess("approve") @approvers("a") @quorum("2")');
    const onExcess = { approvers: ['a'], quorum: 2 };
    given(asks + read(''))
      .when(bot, on('sql:select'))
      .then({ obligations: { onExcess } });
    const { verdict } = given(asks + read('@max_rows("9")')).when(bot, on('sql:select'));
    expect(verdict.obligations.onExcess).toBeUndefined();
  });

  test('what a person approved is not asked for twice', () => {
    const asks = read('@max_rows("5") @on_excess("approve") @approvers("a")');
    const held = `@effect("approve") @approvers("b") permit (principal, action == Action::"sql:select", resource);`;
    const { verdict } = given(asks + held).when(bot, on('sql:select'));
    expect(verdict).toMatchObject({ decision: 'hold', obligations: { maxRows: 5, approvers: ['b'] } });
    expect(verdict.obligations.onExcess).toBeUndefined();
  });

  test('groups to notify and approvers of look-ups add up', () => {
    given(
      read('@notify("x, y") @lookup_approvers("a") @max_lookups_per("50/1h")') +
        read('@notify("y, z") @lookup_approvers("b")'),
    )
      .when(bot, on('sql:select'))
      .then({
        obligations: {
          notify: ['x', 'y', 'z'],
          lookupApprovers: ['a', 'b'],
          maxLookupsPer: [{ amount: 50, ms: 3_600_000 }],
        },
      });
  });

  test('a policy may decide on row locks', () => {
    const { whenIn } = given(
      read('') + 'forbid (principal, action in Action::"sql:any", resource) when { context.locksRows };',
    );
    whenIn({ locksRows: true }, bot, on('sql:select')).then({ decision: 'deny' });
    whenIn({ locksRows: false }, bot, on('sql:select')).then({ decision: 'allow' });
  });
});
