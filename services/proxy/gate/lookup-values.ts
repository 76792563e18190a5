import type { MaskedColumn, MaskedLookup } from '#statement';
import type { Parameter } from './gate.js';
import { arrayElements } from './parameter-array.js';
import { bytesOf, identityOf } from './parameter-bytes.js';

/** Values that one statement may compare with masked columns: enough to look people up, too few to enumerate. */
export const mostLookups = 20;

/** What one execution looks up in one masked column. */
export interface LookedUp {
  readonly column: MaskedColumn;
  readonly values: readonly string[];
}

/** By column; 'unreadable' if an array of values cannot be counted. Parameters that are not given count nothing. */
export function lookedUp(
  lookups: readonly MaskedLookup[],
  parameters: readonly Parameter[],
): readonly LookedUp[] | 'unreadable' {
  const byColumn = new Map<string, { column: MaskedColumn; values: string[] }>();
  for (const lookup of lookups) {
    const { column } = lookup;
    const key = `${column.tableOid}/${column.attnum}/${column.column}`;
    const entry = byColumn.get(key) ?? { column, values: [] };
    byColumn.set(key, entry);
    const found = valuesOf(lookup, parameters);
    if (!found) return 'unreadable';
    entry.values.push(...found);
  }
  return [...byColumn.values()];
}

/** Why these are too many for one statement; undefined if they are not. */
export function lookupProblem(found: readonly LookedUp[] | 'unreadable'): string | undefined {
  if (found === 'unreadable') return 'an array that it compares with a masked column cannot be read';
  const values = found.reduce((sum, each) => sum + each.values.length, 0);
  if (values <= mostLookups) return undefined;
  return `it compares ${values} values with masked columns; ${mostLookups} a statement may be looked up`;
}

function valuesOf(lookup: MaskedLookup, parameters: readonly Parameter[]): string[] | undefined {
  const values = [...lookup.constants];
  for (const number of lookup.parameters) {
    const bytes = bytesOf(parameters[number - 1]);
    if (bytes) values.push(identityOf(bytes));
  }
  for (const number of lookup.arrayParameters) {
    const elements = arrayElements(parameters[number - 1]);
    if (!elements) return undefined;
    values.push(...elements);
  }
  for (const number of lookup.elementParameters) {
    const read = elementOrElements(parameters[number - 1]);
    if (!read) return undefined;
    values.push(...read);
  }
  return values;
}

/** Its type is not known here: what may be an array counts as one value and as its elements. */
function elementOrElements(parameter: Parameter | undefined): string[] | undefined {
  const bytes = bytesOf(parameter);
  if (!bytes) return [];
  if (!mayBeArray(bytes, parameter?.format === 1)) return [identityOf(bytes)];
  const elements = arrayElements(parameter);
  return elements && [identityOf(bytes), ...elements];
}

/** In binary an array begins with its dimensions, at most 6: no text has a NUL, and no plain number so many bytes. */
function mayBeArray(bytes: Buffer, isBinary: boolean): boolean {
  return isBinary
    ? bytes.length >= 12 && bytes.readUInt32BE(0) <= 6
    : /^\s*[{[]/.test(bytes.toString('latin1'));
}
