import { beforeAll, describe, expect, it } from 'vitest';
import { loadStatementParser, redactLiterals } from '../index.js';

beforeAll(loadStatementParser);

describe('redacted literals', () => {
  it.each([
    [
      `SELECT id FROM c WHERE email = 'ana@example.com' AND n = 12`,
      `SELECT id FROM c WHERE email = ? AND n = ?`,
    ],
    [`SELECT E'a\\'b', $$x$$, U&'x', b'1', x'f', 1.5, n'q'`, `SELECT ?, ?, ?, ?, ?, ?, n?`],
    [`SELECT "é", 'é', $1 -- ana@example.com`, `SELECT "é", ?, $1`],
    [`SELECT /* ana@example.com */ 1`, `SELECT  ?`],
    [`SELECT 'unterminated`, `…`],
    [`SELECT 1\0 'ana@example.com'`, `…`],
  ])('of %s', (text, redacted) => expect(redactLiterals(text)).toBe(redacted));
});
