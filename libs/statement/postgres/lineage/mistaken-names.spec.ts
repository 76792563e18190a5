import { beforeAll, describe, expect, it } from 'vitest';
import type { NameEncoding } from '../../lineage.js';
import { loadStatementParser } from '../parser.js';
import { mistakenName } from './mistaken-names.js';

const none = () => false;
const latin1: NameEncoding = { width: 1, folds: 'nothing', isName: none };
const german: NameEncoding = { ...latin1, folds: 'capitals' };
const raw: NameEncoding = { ...latin1, folds: 'any' };
const japanese: NameEncoding = { width: 3, folds: 'nothing', isName: (name) => name === '顧客' };
const [long, longer] = ['é'.repeat(31), 'é'.repeat(32)];

describe('a name that may be another to a server that is not UTF8', () => {
  beforeAll(() => loadStatementParser());

  it.each<[string, NameEncoding, string]>([
    ['is cut elsewhere', latin1, `SELECT 1 AS "${longer}"`],
    ['is cut elsewhere, unquoted', latin1, `SELECT 1 AS ${longer}`],
    ['is cut within a character', latin1, `EXECUTE "${'a'.repeat(62)}é"`],
    ['is longer than the quotes tell', latin1, `SELECT 1 AS "${'é'.repeat(31)}"""""`],
    ['is written in escapes', latin1, 'SELECT 1 AS U&"\\00e9"'],
    ['is written in escapes of its own', latin1, `SELECT 1 AS u&"!00e9" UESCAPE '!'`],
    ['has capitals that it folds', german, 'DEALLOCATE É'],
    ['has bytes that it folds', raw, 'DEALLOCATE é'],
    ['has one character for two', japanese, 'EXECUTE "a―"'],
  ])('%s', (_, encoding, text) => expect(mistakenName(text, encoding)).toMatch(/^the name /));

  it.each<[string, NameEncoding | undefined, string]>([
    ['as long as it may be', latin1, `SELECT "${long}" FROM ${long}`],
    ['longer, in ASCII', latin1, `SELECT 'é' AS ${'a'.repeat(80)}`],
    [
      'a string, a comment',
      latin1,
      `SELECT '${longer}', $ä$${longer}$ä$, E'É' -- ${longer}\n /* ${longer} */`,
    ],
    ['small letters', german, 'SELECT straße, Größe FROM "ÄRZTE"'],
    ['quoted', raw, 'SELECT "É"'],
    ['known to the catalog', japanese, `SELECT '―' FROM "顧客" a`],
    ['of a server that is UTF8', undefined, `SELECT 1 AS "${longer}", É AS U&"\\00e9"`],
  ])('is not one that is %s', (_, encoding, text) => expect(mistakenName(text, encoding)).toBeUndefined());
});
