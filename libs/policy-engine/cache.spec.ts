import { describe, expect, test } from 'vitest';
import { compilePolicies } from './compile.js';
import { requestKey } from './request.key.js';
import { ana, bot, given, on, onConnection, orders, request, shipped } from './spec/given.js';
import type { DecisionContext, DecisionRequest } from './verdict.js';

const all = '@id("all") permit (principal, action in Action::"sql:any", resource);';

describe('which context is read', () => {
  const read = (policy: string) => [...given(all + policy).snapshot.contextRead];
  const when = (condition: string) =>
    `forbid (principal, action in Action::"sql:any", resource) when { ${condition} };`;

  test.each([
    ['context.hour < 6', ['hour']],
    [
      'context.risk == "high" || (context.inTransaction && context.kinds.contains("x"))',
      ['kinds', 'inTransaction', 'risk'],
    ],
    [
      'if context.hasLimit then context.functions.isEmpty() else context["weekday"] > 5',
      ['weekday', 'functions', 'hasLimit'],
    ],
    ['context has where && context.where == "none"', []],
    ['context has multiStatement && context.multiStatement', ['multiStatement']],
    ['principal.subject == "context.hour"', []],
  ])('%s', (condition, expected) => expect(read(when(condition))).toEqual(expected));

  test('approve policies read too', () => {
    expect(
      read(
        '@effect("approve") @approvers("a") permit (principal, action in Action::"sql:any", resource) when { context.hour > 17 };',
      ),
    ).toEqual(['hour']);
  });
});

describe('the cache', () => {
  const hour = 'forbid (principal, action in Action::"sql:any", resource) when { context.hour < 6 };';

  test('answers an equal request, be it another object', () => {
    const { snapshot } = given(all);
    const first = snapshot.decide(request(bot, [on('sql:select')]));
    expect(snapshot.decide(structuredClone(request(bot, [on('sql:select')])))).toBe(first);
    expect(snapshot.cacheCounts).toEqual({ hits: 1, misses: 1 });
  });

  test('what policies do not read makes no difference, what they read does', () => {
    const { snapshot, whenIn } = given(all + hour);
    whenIn({ hour: 10, risk: 'none' }, bot, on('sql:select')).then({ decision: 'allow' });
    whenIn({ hour: 10, risk: 'high' }, bot, on('sql:select')).then({ decision: 'allow' });
    expect(snapshot.cacheCounts).toEqual({ hits: 1, misses: 1 });
    whenIn({ hour: 3 }, bot, on('sql:select')).then({ decision: 'deny' });
  });

  test('groups that were changed in place are another request', () => {
    const { snapshot } = given('permit (principal in Group::"x", action in Action::"sql:any", resource);');
    const groups = ['x'];
    const asked = request({ ...bot, groups }, [on('sql:select')]);
    expect(snapshot.decide(asked).decision).toBe('allow');
    groups.pop();
    expect(snapshot.decide(asked).decision).toBe('deny');
  });

  test('is bounded, and the least used goes first', () => {
    const snapshot = compilePolicies([{ name: 'a', text: all }], { evaluationsCacheSize: 2 });
    const ask = (table: string) => void snapshot.decide(request(bot, [on('sql:select', table)]));
    ['a', 'b', 'a', 'c', 'a', 'b'].forEach(ask);
    expect(snapshot.cacheCounts).toEqual({ hits: 2, misses: 4 });
  });

  test('of size 0 keeps nothing', () => {
    const snapshot = compilePolicies([{ name: 'a', text: all }], { evaluationsCacheSize: 0 });
    for (let i = 0; i < 3; i++) snapshot.decide(request(bot, [on('sql:select')]));
    expect(snapshot.cacheCounts).toEqual({ hits: 0, misses: 3 });
  });
});

describe('the key tells apart', () => {
  const base: DecisionRequest = request(bot, [on('sql:select', 'a')]);
  const read = new Set<keyof DecisionContext>(['hour', 'kinds', 'functions', 'risk']);
  const others: readonly (readonly [string, DecisionRequest])[] = [
    ['kind', { ...base, principal: { ...bot, kind: 'person' } }],
    ['id', { ...base, principal: { ...bot, id: 'corp:b' } }],
    ['issuer', { ...base, principal: { ...bot, issuer: 'other' } }],
    ['subject', { ...base, principal: { ...bot, subject: 'b' } }],
    ['groups', { ...base, principal: { ...bot, groups: ['agents', ''] } }],
    ['a group with a separator', { ...base, principal: { ...bot, groups: ['agents6:agents'] } }],
    ['on behalf of', { ...base, principal: { ...bot, onBehalfOf: '' } }],
    ['connection', { ...base, connection: { ...orders, name: 'o' } }],
    ['owner', { ...base, connection: { ...orders, owner: 'o' } }],
    ['protocol', { ...base, connection: { ...orders, protocol: 'o' } }],
    ['action', { ...base, accesses: [on('sql:insert', 'a')] }],
    ['table', { ...base, accesses: [on('sql:select', 'b')] }],
    ['schema', { ...base, accesses: [{ ...on('sql:select'), relation: { schema: 'publica', name: '' } }] }],
    ['no table', { ...base, accesses: [onConnection('sql:select')] }],
    ['where', { ...base, accesses: [on('sql:select', 'a', { where: 'none' })] }],
    ['columns', { ...base, accesses: [on('sql:select', 'a', { columns: ['id', 'x'] })] }],
    ['twice', { ...base, accesses: [on('sql:select', 'a'), on('sql:select', 'a')] }],
    ['hour', { ...base, context: { ...base.context, hour: 11 } }],
    ['kinds', { ...base, context: { ...base.context, kinds: ['selec', 't'] } }],
    ['functions', { ...base, context: { ...base.context, functions: ['select'], kinds: [] } }],
    ['risk', { ...base, context: { ...base.context, risk: 'watch' } }],
  ];

  test.each(others)('%s', (_, other) => {
    expect(requestKey(other, read, true)).not.toBe(requestKey(base, read, true));
  });

  test('all of these from one another', () => {
    expect(new Set(others.map(([, other]) => requestKey(other, read, true))).size).toBe(others.length);
  });

  test('but not what nobody reads', () => {
    const other = {
      ...base,
      principal: { ...bot, displayName: 'B' },
      accesses: [on('sql:select', 'a', { columns: ['x'] })],
    };
    expect(requestKey(other, read, false)).toBe(requestKey(base, read, false));
  });
});

// With V8's inlining of calls into WebAssembly this ends the process, on Node 20.20 within a second: see cedar.ts.
test('many cached decisions, then new ones, do not end the process', () => {
  const warm = compilePolicies(shipped());
  for (const access of [
    on('sql:select'),
    on('sql:update', 'a', { where: 'present' }),
    onConnection('sql:session'),
  ]) {
    const cold = compilePolicies(shipped(), { evaluationsCacheSize: 0 });
    const asked = request(bot, [access]);
    for (let i = 0; i < 1000; i++) cold.decide(asked);
    for (let i = 0; i < 100_000; i++) warm.decide(asked);
  }
  expect(warm.decide(request(ana, [on('sql:select')])).decision).toBe('deny');
}, 60_000);
