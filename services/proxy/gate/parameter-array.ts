import type { Parameter } from './gate.js';
import { bytesOf, identityOf } from './parameter-bytes.js';

/** The elements of an array parameter, NULLs left out; undefined if it is no array that can be read. */
export function arrayElements(parameter: Parameter | undefined): string[] | undefined {
  const bytes = bytesOf(parameter);
  if (!bytes || !parameter) return [];
  return parameter.format === 0 ? textElements(bytes.toString('utf8')) : binaryElements(bytes);
}

/* array: dimensions:int32 hasNulls:int32 elementType:int32 [ length:int32 lowerBound:int32 ]* [ size:int32 bytes ]* */
function binaryElements(bytes: Buffer): string[] | undefined {
  if (bytes.length < 12) return undefined;
  const dimensions = bytes.readInt32BE(0);
  let at = 12 + 8 * dimensions;
  if (dimensions < 0 || dimensions > 6 || at > bytes.length) return undefined;
  const found: string[] = [];
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const size = bytes.readInt32BE(at);
    at += 4;
    if (size === -1) continue;
    if (size < 0 || at + size > bytes.length) return undefined;
    found.push(identityOf(bytes.subarray(at, at + size)));
    at += size;
  }
  return found;
}

/*
 * element: "quoted, with backslashes" | bare; the brackets of further dimensions and their bounds only delimit.
 * Read by hand: a regular expression keeps a place to come back to for each character, and megabytes overflow it.
 */
function textElements(text: string): string[] | undefined {
  const open = text.indexOf('{');
  // `[2:3]={…}`: bounds come before the brackets.
  if (open < 0 || open > mostBounds || !/^\s*(?:\[[^{}"]*=)?\s*$/.test(text.slice(0, open))) return undefined;
  const found: string[] = [];
  for (let at = open; at < text.length;) {
    if (delimiter.test(text[at]!)) {
      at++;
      continue;
    }
    const isQuoted = text[at] === '"';
    const start = isQuoted ? at + 1 : at;
    const end = elementEnd(text, start, isQuoted);
    if (end === undefined) return undefined;
    at = isQuoted ? end + 1 : end;
    const element = isQuoted ? text.slice(start, end) : text.slice(start, end).trimEnd();
    if (isQuoted || element.toLowerCase() !== 'null') found.push(unescape(element));
  }
  return found;
}

/** Six dimensions' bounds take less. */
const mostBounds = 500;
const delimiter = /[{},\s]/;

/** Where it ends; undefined if it does not, or begins with what no driver writes. */
function elementEnd(text: string, start: number, isQuoted: boolean): number | undefined {
  if (!isQuoted && text[start] === '\\') return undefined;
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\\') at++;
    else if (
      character === '"' ||
      (!isQuoted && (character === '{' || character === '}' || character === ','))
    )
      return at;
  }
  return isQuoted ? undefined : text.length;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}
