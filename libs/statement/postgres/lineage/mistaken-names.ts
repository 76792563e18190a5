import type { NameEncoding } from '../../lineage.js';
import { scan, type Token } from '../parser.js';

const suspect = /[^\0-\x7f]|u&"/iu;
const ascii = /^[\0-\x7f]*$/;
/** Tokens that hold no name. Of other kinds none has a character beyond ASCII. */
const noNames: ReadonlySet<string> = new Set(['SCONST', 'USCONST', 'C_COMMENT', 'SQL_COMMENT']);
/** NAMEDATALEN - 1: what a name is cut to. */
const mostBytes = 63;

/**
 * Why a name of this text may be another to the server than it is to the parser, which reads UTF-8: a server of another
 * encoding cuts it elsewhere, folds other capitals, or has one character for two of Unicode's. Two names that are one
 * here and two there (or the other way) let one statement be judged and another be run.
 */
export function mistakenName(text: string, encoding: NameEncoding | undefined): string | undefined {
  if (encoding === undefined || !suspect.test(text)) return undefined;
  for (const token of scan(text)) {
    const doubt = isNameToken(token) ? doubtOf(token.text, encoding) : undefined;
    if (doubt !== undefined) return `the name ${token.text} ${doubt}`;
  }
  return undefined;
}

function isNameToken({ text, tokenName }: Token): boolean {
  return !noNames.has(tokenName) && suspect.test(text);
}

function doubtOf(written: string, encoding: NameEncoding): string | undefined {
  if (/^u&"/i.test(written)) return 'is written in escapes, which are not read for a server that is not UTF8';
  const isQuoted = written.startsWith('"');
  const name = isQuoted ? written.slice(1, -1).replaceAll('""', '"') : written;
  if (Buffer.byteLength(name) > mostBytes)
    return 'is longer than 63 bytes: where the server, which is not UTF8, cuts it off is not known';
  if (!isQuoted && folded(name, encoding))
    return 'may be spelled otherwise by the server, which is not UTF8: quote it, and write it as the server does';
  return isCertain(name, encoding) ? undefined : 'may be another to the server, which is not UTF8';
}

/** One character of the server for one of ours; or the server itself calls something so, and nothing else is let pass. */
export function isCertain(name: string, { width, isName }: NameEncoding): boolean {
  return width === 1 || ascii.test(name) || isName(name);
}

function folded(name: string, { folds }: NameEncoding): boolean {
  return folds === 'any' || (folds === 'capitals' && name.toLowerCase() !== lowerAscii(name));
}

const lowerAscii = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
