import { describe, expect, test } from 'vitest';
import { compilePolicies } from './compile.js';
import { bot, on, problemsOf, problemsOfFiles, request } from './spec/given.js';

const ok = 'permit (principal, action in Action::"sql:any", resource);';

describe('places', () => {
  test('of a parse error', () => {
    expect(problemsOf(`${ok}\n\npermit (principal, action resource);`)).toEqual([
      expect.stringMatching(/^policies\/test\.cedar:3:27: unexpected token `resource`; expected .*`,`/),
    ]);
  });

  test('of a validation error', () => {
    expect(problemsOf(`${ok}\n${ok.slice(0, -1)}\n  when { context.riks == "high" };`)).toEqual([
      expect.stringMatching(
        /^policies\/test\.cedar:3:10: attribute `riks` in context .* not found; did you mean `risk`\?$/,
      ),
    ]);
  });

  test.each([
    ['characters of two, three and four bytes', '// é€😀\n'],
    ['CRLF', '// a\r\n'],
    ['a byte order mark', '\uFEFF// a\n'],
  ])('after %s', (_, before) => {
    const bad = `${before}@reason("naïve 😀") forbid (principal, action in Action::"sql:any", resource) when { context.nope };`;
    const line = before.split('\n').length;
    const column = bad.split('\n').at(-1)?.indexOf('context.nope') ?? 0;
    expect(problemsOf(bad)).toEqual([
      expect.stringContaining(`policies/test.cedar:${line}:${column + 1}: attribute`),
    ]);
    const unparsed = bad.replace('context.nope', '= 0');
    expect(problemsOf(unparsed)).toEqual([
      expect.stringContaining(`policies/test.cedar:${line}:${column + 1}: `),
    ]);
  });

  test('every problem of every file, in their order, one line each', () => {
    const lines = problemsOfFiles([
      {
        name: 'b.cedar',
        text: `${ok}\npermit (principal, action, resource) when { principal.age > 3 };\n@mode("x") ${ok}`,
      },
      {
        name: 'a.cedar',
        text: 'permit (principal in Grp::"a", action, resource);\npermit (principal, action);',
      },
      { name: 'c.cedar', text: '@quorum("0") @effect("approve") @approvers("a") ' + ok },
    ]);
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      'b.cedar:2:45',
      'b.cedar:3:1',
      'a.cedar:2:26',
      'c.cedar:1:1',
    ]);
  });

  test('more than forty are counted', () => {
    const lines = problemsOf('permit (principal in Grp::"a", action, resource);\n'.repeat(50));
    expect(lines).toHaveLength(41);
    expect(lines.at(-1)).toBe('and 10 more');
  });

  test('of a policy that comes twelfth, though Cedar sorts policy10 before policy2', () => {
    expect(problemsOf(`${ok}\n`.repeat(11) + `@mod("wait") ${ok}`)).toEqual([
      'policies/test.cedar:12:1: unknown annotation @mod; write @mode, or choose another name',
    ]);
  });
});

describe('ids', () => {
  test('the file and the number, where none is given', () => {
    const snapshot = compilePolicies([
      { name: 'a.cedar', text: `forbid (principal is User, action, resource);${ok}` },
    ]);
    expect(snapshot.decide(request(bot, [on('sql:select')])).policyIds).toEqual(['a.cedar#2']);
  });

  test('of two files the same: an error that names both', () => {
    const text = `\n@id("x.y")\n${ok}`;
    expect(
      problemsOfFiles([
        { name: 'a.cedar', text },
        { name: 'b.cedar', text: `\n${text}` },
      ]),
    ).toEqual([
      'b.cedar:3:1: @id("x.y") is also the id of the policy at a.cedar:2; give each policy its own id',
    ]);
  });

  test('files of the same name', () => {
    expect(
      problemsOfFiles([
        { name: 'a.cedar', text: '' },
        { name: 'a.cedar', text: '' },
      ]),
    ).toHaveLength(1);
  });

  test('comments and semicolons in strings do not mislead', () => {
    const text = `// ${ok}\n@id("a;b")\n@reason("x; // \\" @id(") ${ok} // @mod("x") ;\n`;
    expect(problemsOf(text)).toEqual([expect.stringContaining(':2:1: @id has a value')]);
    expect(problemsOf(text.replace('a;b', 'a.b'))).toEqual([]);
  });
});

describe('annotations', () => {
  const approve = (annotations: string) => `@effect("approve") @approvers("dba") ${annotations} ${ok}`;

  test.each([
    [`@effect("aprove") ${ok}`, '@effect has a value'],
    [`@effect ${ok}`, '@effect has a value'],
    [`@effect("approve") ${ok}`, 'an approve policy without approvers'],
    [
      `@effect("approve") @approvers("dba") ${ok.replace('permit', 'forbid')}`,
      '@effect("approve") on a forbid',
    ],
    [`@approver("dba") ${ok}`, 'unknown annotation @approver; write @approvers'],
    [`@efect("approve") ${ok}`, 'unknown annotation @efect; write @effect'],
    [`@maxRows("1") ${ok}`, 'unknown annotation @maxRows; write @max_rows'],
    [`@quorom("1") ${ok}`, 'unknown annotation @quorom; write @quorum'],
    [`@notify("") ${ok}`, '@notify has a value that it cannot have; write @notify("security, payments")'],
    [`@max_rows_per("100/1h") ${ok.replace('permit', 'forbid')}`, '@max_rows_per on a forbid policy'],
    [
      `@max_rows_per("100") ${ok}`,
      '@max_rows_per has a value that it cannot have; write @max_rows_per("100000/1h")',
    ],
    [`@max_rows_per("0/1h") ${ok}`, '@max_rows_per has a value'],
    [`@max_rows_per("5/0h") ${ok}`, '@max_rows_per has a value'],
    [`@max_rows_per("5/1w") ${ok}`, '@max_rows_per has a value'],
    [`@max_rows_per("5/32d") ${ok}`, '@max_rows_per has a value'],
    [`@max_rows_per("5MiB/1h") ${ok}`, '@max_rows_per has a value'],
    [`@max_rows_per("5/60m, 6/1h") ${ok}`, '@max_rows_per has a value'],
    [`@max_rows_per("5/1h,") ${ok}`, '@max_rows_per has a value'],
    [`@max_bytes_per("64MB/1h") ${ok}`, '@max_bytes_per has a value'],
    [`@max_bytes("9007199254740991KiB") ${ok}`, '@max_bytes has a value'],
    [`@max_lookups_per("10001/1h") ${ok}`, '@max_lookups_per has a value'],
    [`@lookup_approvers(",") ${ok}`, '@lookup_approvers has a value'],
    [`@max_row_per("5/1h") ${ok}`, 'unknown annotation @max_row_per; write @max_rows_per'],
    [`@on_excess("approve") @max_rows("5") ${ok}`, '@on_excess("approve") without approvers'],
    [`@on_excess("approve") @approvers("dba") ${ok}`, '@on_excess("approve") without a bound'],
    [`@on_excess("ask") @approvers("dba") @max_rows("5") ${ok}`, '@on_excess has a value'],
    [approve('@on_excess("approve") @max_rows("5")'), '@on_excess on an approve policy'],
    [`@approvers("dba") ${ok}`, '@approvers on a permit policy has no effect; add @effect("approve")'],
    [`@mode("wait") ${ok.replace('permit', 'forbid')}`, '@mode on a forbid policy'],
    [`@max_rows("5") ${ok.replace('permit', 'forbid')}`, '@max_rows on a forbid policy'],
    [`@max_rows("0") ${ok}`, '@max_rows has a value'],
    [`@max_rows("10k") ${ok}`, '@max_rows has a value'],
    [`@max_bytes("-1") ${ok}`, '@max_bytes has a value'],
    [`@max_bytes("9007199254740993") ${ok}`, '@max_bytes has a value'],
    [`@reason("") ${ok}`, '@reason has a value'],
    [`@reason("two\\nlines") ${ok}`, '@reason has a value'],
    [approve('@quorum("0")'), '@quorum has a value'],
    [approve('@quorum("11")'), '@quorum has a value'],
    [approve('@mode("ask")'), '@mode has a value'],
    [approve('@wait("61")'), '@wait has a value'],
    [approve('@wait("1.5")'), '@wait has a value'],
    [approve('@in_transaction("yes")'), '@in_transaction has a value'],
    [`@effect("approve") @approvers("dba,,x") ${ok}`, '@approvers has a value'],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    approve('@quorum("10") @mode("retry") @wait("60") @in_transaction("wait") @max_rows("1") @reason("so")'),
    `@max_rows("9007199254740991") @max_bytes("1") @reason("so") ${ok}`,
    `@max_rows_per("10000/1m, 100000/1h") @max_bytes_per("64MiB/1h") @max_bytes("16MiB") ${ok}`,
    `@max_rows("5") @on_excess("approve") @approvers("dba, x") @quorum("2") @notify("security") ${ok}`,
    `@max_lookups_per("500/1d") @lookup_approvers("dba") ${ok}`,
    `@owner("payments") @ticket("SEC-1") @note("own words") @team("x") ${ok}`,
  ])('compiles: %s', (text) => expect(problemsOf(text)).toEqual([]));
});

describe('what is valid Cedar and yet wrong', () => {
  test.each([
    [
      'forbid (principal, action, resource == Table::"customers");',
      ':1:40: Table::"customers" can be no table',
    ],
    ['forbid (principal, action, resource in Schema::"orders");', 'Schema::"orders/public"'],
    ['forbid (principal, action, resource in Connection::"orders/public");', 'Connection::"orders"'],
    [
      'forbid (principal, action, resource == Column::"orders/public/customers");',
      'Column::"orders/public/customers/email"',
    ],
    ['forbid (principal == User::"ana", action, resource);', 'User::"issuer:subject"'],
    [
      'forbid (principal, action in Action::"sql:any", resource) when { context.risk == "hihg" };',
      'context.risk is never "hihg"; write one of "none", "watch", "high"',
    ],
    [
      'forbid (principal, action in Action::"sql:any", resource) when { ["high", "grave"].contains(context.risk) };',
      'never "grave"',
    ],
    [
      'forbid (principal, action in Action::"sql:any", resource) when { context.hour >= 8 && context.weekday == 0 };',
      'context.weekday is never 0',
    ],
    [
      'forbid (principal, action == Action::"sql:update", resource) when { context.where != "some" };',
      'context.where is never "some"',
    ],
    [
      'permit (principal, action, resource == Column::"orders/public/customers/email");',
      'a permit decides over tables',
    ],
    [
      'forbid (principal, action, resource is Column) when { resource has name && resource.name == "pin" };',
      '`has name` on a column',
    ],
    ['permit (principal, action == Action::"sql:unknown", resource);', 'no policy can permit'],
    [
      '@effect("approve") @approvers("a") permit (principal, action == Action::"reveal", resource);',
      'cannot be held',
    ],
    [
      'forbid (principal, action, resource) when { context.risk == "high" };',
      'write action in Action::"sql:any"',
    ],
    [
      'forbid (principal, action in Action::"sql:any", resource) when { context.where == "none" };',
      'attribute `where`',
    ],
    [
      'forbid (principal, action == Action::"sql:select", resource is DataClass);',
      'correct it, or delete it',
    ],
    ['forbid (principal is User, action, resource) when { principal is Agent };', 'policy is impossible'],
    ['forbid (principal in Group::"ad\u202emin", action, resource);', 'BIDI'],
    ['permit (principal == ?principal, action, resource);', 'a template decides nothing'],
    ['permit (principal, action, resource)', 'unexpected end of input'],
    ['permit (principal, action, resource) when { "a == "b" };', 'invalid token'],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  test('mixed scripts are a warning: they may be meant', () => {
    const text = 'forbid (principal, action, resource == Table::"orders/public/顧客");';
    expect(compilePolicies([{ name: 'a.cedar', text }]).warnings).toEqual([
      expect.stringMatching(/^a\.cedar:1:1: .*mixed scripts/),
    ]);
  });
});

describe("input that would overrun Cedar's stack", () => {
  const policy = (condition: string) =>
    `permit (principal, action in Action::"sql:any", resource) when { ${condition} };`;
  const nested = (open: string, inner: string, close: string, n: number) =>
    open.repeat(n) + inner + close.repeat(n);

  test.each([
    ['parentheses', nested('(', 'true', ')', 3000)],
    ['sets', `${nested('[', '1', ']', 3000)} == [1]`],
    ['records', `${nested('{a: ', '1', '}', 3000)} == {a: 1}`],
    ['&&', Array(3000).fill('true').join(' && ')],
    ['+', `${Array(3000).fill('1').join(' + ')} == 1`],
    ['dots', `context${'.a'.repeat(3000)}`],
    ['when', `true }${' when { true }'.repeat(3000)} when { true`],
    ['unbalanced', '('.repeat(3000)],
    ['after an open string', `"${'('.repeat(3000)}`],
  ])('is refused before Cedar sees it: %s', (_, condition) => {
    expect(problemsOf(policy(condition))).toEqual([expect.stringContaining('nested too deeply')]);
    expect(problemsOf(ok)).toEqual([]); // and the engine still works
  });

  test('what the limits let through is no danger, each limit and all together', () => {
    const chain = Array(81).fill('context.hasLimit').join(' && ');
    const sum = `${Array(150).fill('1').join(' + ')} == 1`;
    const deepest = nested('[', '1', ']', 18);
    expect(problemsOf(policy(chain))).toEqual([]);
    expect(problemsOf(policy(sum))).toEqual([]);
    expect(problemsOf(policy(`${deepest} == ${deepest}`))).toEqual([]);
    const together = `${Array(80).fill('true').join(' && ')} && ${nested('[', `[${Array(158).fill('1').join(' + ')}]`, ']', 16)} == []`;
    problemsOf(policy(together)); // it need not type-check; Cedar must only survive it
    expect(problemsOf(ok)).toEqual([]);
  });

  test('a long list is not deep', () => {
    const names = Array.from({ length: 2000 }, (_, i) => `Table::"orders/public/t${i}"`).join(', ');
    expect(problemsOf(policy(`resource in [${names}]`))).toEqual([]);
  });

  test('a set above 1 MiB is refused', () => {
    expect(problemsOf(`// ${'x'.repeat(1024 * 1024)}`)).toEqual([expect.stringContaining('exceed 1 MiB')]);
  });
});

describe('the version', () => {
  const version = (...files: [string, string][]) =>
    compilePolicies(files.map(([name, text]) => ({ name, text }))).version;

  test('is of names and texts, not of their order', () => {
    expect(version(['a', ok], ['b', ''])).toBe(version(['b', ''], ['a', ok]));
    expect(version(['a', ok])).not.toBe(version(['b', ok]));
    expect(version(['a', ok])).not.toBe(version(['a', `${ok} `]));
    expect(version(['ab', ''])).not.toBe(version(['a', ''], ['b', '']));
  });
});
