import { beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '#kernel';
import { analyze, loadStatementParser, redactLiterals, StatementSyntaxError } from '../index.js';
import { fingerprint } from './parser.js';

beforeAll(loadStatementParser);

const thrown = (text: string): unknown => {
  try {
    return analyze(text);
  } catch (error) {
    return error;
  }
};

describe('what does not parse (invariant 3)', () => {
  it.each([
    ['SELEC 1', 'syntax error at or near "SELEC"'],
    ['SELECT 1 FROM', 'syntax error at end of input'],
    [`SELECT 'x`, 'unterminated quoted string'],
    ['SELECT 1\0; DROP TABLE customers', 'NUL'],
    ['SELECT "\ud800"', 'Unicode'],
  ])('is denied with the reason: %s', (text, reason) => {
    const error = thrown(text);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'STATEMENT_DENIED', message: expect.stringContaining(reason) });
  });
});

it('says where it goes wrong, in characters', () => {
  expect(thrown(`SELECT 'éé' FRM x y`)).toMatchObject({ position: 17 });
  expect(thrown('DROP TABLE')).toMatchObject({ position: 11 });
});

it('what only the gate refuses is no syntax error', () => {
  expect(thrown('SELECT 1\0')).not.toBeInstanceOf(StatementSyntaxError);
  expect(thrown(`COPY (SELECT '\u0001') TO STDOUT`)).not.toBeInstanceOf(StatementSyntaxError);
});

// Each cost an instance of the parser, and there are five: the statements of all sessions were refused meanwhile.
describe('a control character', () => {
  it('is refused and hidden, however often it comes, and harms nothing', () => {
    for (let n = 0; n < 50; n++) {
      const text = `SELECT ${n} \u0001 'secret'`;
      expect(thrown(text)).toMatchObject({ message: expect.stringContaining('syntax error') });
      expect(redactLiterals(text)).toBe('…');
    }
    expect(analyze(`SELECT 'a\u0001b', '\u001f'`).statements).toHaveLength(1);
  });
});

// Each was read again from every sign or comment opening: half an hour for 1 MB, with every session waiting.
describe('a text that the scanner would read again and again', () => {
  it.each([
    ['nested comments', `${'/*'.repeat(250_000)}${'*/'.repeat(250_000)} SELECT 1`],
    ['a comment that opens for ever', '/*'.repeat(500_000)],
    ['signs', `SELECT ${'+'.repeat(1_000_000)}1`],
    ['signs by turns', `SELECT ${'+-'.repeat(500_000)}1`],
  ])('is denied at once: %s', (_, text) => {
    const began = performance.now();
    expect(thrown(text)).toMatchObject({ message: expect.stringContaining('too long a run') });
    expect(redactLiterals(text)).toBe('…');
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('is not a banner, a deep comment of a person, or a string of signs', () => {
    const banners = ['-', '=', '*', '/'].map(
      (sign) => `/*${sign === '/' ? ' ' : ''}${sign.repeat(5_000)} */`,
    );
    const comments = `${'/* '.repeat(300)}${' */'.repeat(300)}${'/*'.repeat(300)}${'*/'.repeat(300)}`;
    const text = `${banners.join('\n')}\n--${'-'.repeat(5_000)}\n${comments} SELECT '${'+'.repeat(1_000)}'`;
    expect(analyze(text).statements).toHaveLength(1);
  });
});

describe('a statement deeper than the stack', () => {
  const deep = [
    `SELECT 1${'+1'.repeat(20_000)}`,
    `SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`,
    `SELECT 1${' UNION ALL SELECT 1'.repeat(20_000)}`,
    `SELECT ${'(SELECT '.repeat(3000)}1${')'.repeat(3000)}`,
    `SELECT ${'f('.repeat(20_000)}1${')'.repeat(20_000)}`,
  ];

  it.each(deep)('is denied, and the next one is understood: %.20s', async (text) => {
    await loadStatementParser();
    expect(thrown(text)).toMatchObject({ code: 'STATEMENT_DENIED' });
    expect(analyze(`SELECT a FROM t WHERE b = ${text.length}`).statements[0]?.kind).toBe('select');
  });

  // One instance of the parser takes some twenty of these before it breaks for good; see parser.ts.
  it('may come a hundred times', async () => {
    for (let n = 0; n < 100; n++) {
      expect(thrown(`SELECT ${n}${'+1'.repeat(20_000)}`)).toMatchObject({ code: 'STATEMENT_DENIED' });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await loadStatementParser();
    expect(analyze('SELECT id FROM orders WHERE total > 1').statements[0]?.accesses).toEqual([
      { action: 'sql:select', relation: { name: 'orders' }, columns: ['id', 'total'] },
    ]);
  });

  it('leaves no harm where the parser itself says no', () => {
    for (let n = 0; n < 3000; n++) expect(thrown(`SELEC ${n}`)).toMatchObject({ code: 'STATEMENT_DENIED' });
    expect(analyze('SELECT 12345').statements).toHaveLength(1);
  });
});

describe('a fingerprint', () => {
  it('is the same for texts that differ in literals only', () => {
    expect(fingerprint(`SELECT a FROM t WHERE b = 1`)).toBe(fingerprint(`select a from t where b = 'x'`));
    expect(fingerprint(`SELECT a FROM t`)).not.toBe(fingerprint(`SELECT b FROM t`));
    expect(analyze('SELECT 1').fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });
});
