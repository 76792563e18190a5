import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from './analyze.js';
import { loadStatementParser } from './parser.js';

beforeAll(loadStatementParser);

const last = (text: string) => analyze(text).statements.at(-1)!.renames;

describe('a statement after which names may mean other things', () => {
  it.each([
    'ALTER TABLE people RENAME TO x',
    'ALTER TABLE people RENAME name TO aside',
    'ALTER VIEW v RENAME COLUMN a TO b',
    'ALTER SCHEMA a RENAME TO b',
    'ALTER TABLE people SET SCHEMA other',
    'ALTER TABLE people ALTER name TYPE varchar USING notes',
    'ALTER TABLE a ATTACH PARTITION b DEFAULT',
    'ALTER TABLE a ADD c int, INHERIT b',
  ])('%s', (text) => expect(last(text)).toBe(true));

  it.each([
    'ALTER TABLE people ADD COLUMN c int',
    'ALTER TABLE people ALTER name SET NOT NULL',
    'CREATE TABLE x (id int)',
    'DROP TABLE x',
    'SELECT 1',
  ])('not so %s', (text) => expect(last(text)).toBe(false));
});
