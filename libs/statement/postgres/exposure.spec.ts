import { beforeAll, describe, expect, it } from 'vitest';
import { exposure, loadStatementParser, type SensitiveNames } from '../index.js';
import { customersNames } from '../testing/customers.js';
import { honest } from '../testing/honest.cases.js';
import { masked, refused } from '../testing/leaks.cases.js';

beforeAll(loadStatementParser);

describe('a statement that would carry a masked value past its mask', () => {
  it.each(refused)('is refused: %s', (sql) => {
    expect(exposure(sql, customersNames)).toMatchObject({ ok: false });
  });

  it.each(masked)('has its outputs masked: %s', (sql, ...names) => {
    const answer = exposure(sql, customersNames);
    expect(answer).toMatchObject({ ok: true, clean: false });
    if (answer.ok) expect([...answer.maskedNames]).toEqual(expect.arrayContaining(names));
  });
});

describe('an honest statement', () => {
  it.each(honest)('passes: %s', (sql) => {
    expect(exposure(sql, customersNames)).toMatchObject({ ok: true });
  });
});
