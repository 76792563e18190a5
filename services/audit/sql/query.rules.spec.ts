import { describe, expect, it } from 'vitest';
import { isAllowedFunction } from './allowed.functions.js';
import { assertEnclosable } from './canonical.text.js';
import { assertReadsOnly, assertTable } from './query.rules.js';
import { readSyntaxTree } from './syntax.tree.js';

describe('readSyntaxTree', () => {
  const lines = [
    'SelectQuery (children 2)',
    ' ExpressionList (children 1)',
    "  Literal 'a (children 9)'",
    ' TableIdentifier weir.sessions (alias s)',
  ];

  it('reads kinds, names and children', () => {
    const tree = readSyntaxTree(lines);
    expect(tree).toMatchObject({
      kind: 'SelectQuery',
      children: [
        { kind: 'ExpressionList', children: [{ kind: 'Literal' }] },
        { kind: 'TableIdentifier', name: 'weir.sessions' },
      ],
    });
  });

  it.each([
    ['a line too many', [...lines, ' Asterisk']],
    ['a line too few', lines.slice(0, -1)],
    ['a step too deep', ['SelectQuery (children 1)', '  Asterisk']],
    ['two roots', ['Asterisk', 'Asterisk']],
    ['a name with a parenthesis', ['Identifier x (children 0) y']],
    ['an alias that forges a count', ['Function f (alias a) (children 0) (children 1)', ' ExpressionList']],
    ['a line that is none', ['']],
    ['nothing', []],
  ])('refuses %s', (_, given) => {
    expect(() => readSyntaxTree(given)).toThrow(expect.objectContaining({ code: 'QUERY_REFUSED' }) as Error);
  });
});

describe('assertEnclosable', () => {
  it.each(["SELECT ')', `;`, 'it\\'s' FROM (SELECT (1))", 'SELECT a - -1, a[1], {}'])('takes %s', (text) => {
    expect(() => assertEnclosable(text)).not.toThrow();
  });
  it.each([
    'SELECT 1)',
    'SELECT (1',
    'SELECT 1; SELECT 2',
    "SELECT 'a",
    'SELECT `a',
    'SELECT 1 -- x',
    'SELECT 1 /* x',
    'SELECT 1 # x',
    'SELECT `a\\nb`',
    'SELECT "a"',
    'SELECT $$a$$',
    ') UNION ALL (SELECT 1',
  ])('refuses %s', (text) => {
    expect(() => assertEnclosable(text)).toThrow(expect.objectContaining({ code: 'QUERY_REFUSED' }) as Error);
  });
});

describe('the rules', () => {
  it('refuse a kind that nobody thought of', () => {
    expect(() => assertReadsOnly({ kind: 'Novelty', name: '', children: [] })).toThrow('Novelty');
  });
  it.each(['sessions', 'weir.sessions', 'a_cte', 'system.one'])('let %s be read', (table) => {
    expect(() => assertTable(table)).not.toThrow();
  });
  it.each([
    'weir.session_event_rows',
    'session_summary_rows',
    'weir.session_summary_rows',
    'system.tables',
    'weir.sessions.x',
    'a/b',
    'x.csv',
    '',
    'SYSTEM.one',
  ])('do not let %s be read', (table) => {
    expect(() => assertTable(table)).toThrow('is not available here');
  });
  it.each([
    'count',
    'COUNT',
    'countIf',
    'sumMapIf',
    'quantilesExactOrNull',
    'toStartOfHour',
    'JSONExtractString',
  ])('let %s be called', (name) => {
    expect(isAllowedFunction(name)).toBe(true);
  });
  it.each(['file', 'sleepIf', '', 'fileOrNull', 'countMerge', 'arrayReduce', 'dictGetOrNull', 'aggThrow'])(
    'do not let %s be called',
    (name) => {
      expect(isAllowedFunction(name)).toBe(false);
    },
  );
});
