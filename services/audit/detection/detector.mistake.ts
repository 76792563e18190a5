import { isAppError } from '#kernel';
import type { DetectorFile } from './detector.file.js';

type Query = Pick<DetectorFile, 'file' | 'sql' | 'sqlLine'>;

/** `file:line: what is wrong, and what to do`, of what a check or the engine said of a detector's query. Without a line where it names none. */
export function mistakeOf(query: Query, error: unknown): string {
  const says = (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
  const position = /failed at position (\d+)/.exec(says)?.[1];
  if (position !== undefined) return syntaxMistake(query, Number(position), says);
  const hint = isAppError(error) && error.hint !== undefined ? ` (${error.hint})` : '';
  const line = lineNaming(query, says);
  const what = says
    .split(/:? in scope /i)[0]!
    .replace(
      /^Substitution (.*) is not set$/,
      '$1 is not set: it is no key of `parameters`, and not of the house',
    );
  return `${query.file}${line === undefined ? '' : `:${line}`}: ${what}${hint}${meant(error)}`;
}

/** `position`: in bytes, from 1, as the engine counts. */
function syntaxMistake({ file, sql, sqlLine }: Query, position: number, says: string): string {
  const before = Buffer.from(sql)
    .subarray(0, position - 1)
    .toString()
    .split('\n');
  const line = sql.split('\n')[before.length - 1] ?? '';
  const word = shown(/\S+/.exec(line.slice(before.at(-1)!.length))?.[0] ?? '');
  const where = `${word === '' ? 'at the end' : `at ${word}`} of ${shown(line)}`;
  return `${file}:${sqlLine + before.length - 1}: syntax error ${where}: ${advice(says)}`;
}

const advices: readonly (readonly [RegExp, string])[] = [
  [/unmatched parenthes/i, 'this parenthesis has no partner'],
  [/quoted (string|identifier) is not closed/i, 'close the quote that begins here'],
  [/multi-statements/i, 'a detector is one query: take out what follows it'],
  [/closing curly brace/i, 'close the brace of the parameter'],
];

const advice = (says: string): string =>
  advices.find(([sign]) => sign.test(says))?.[1] ?? 'a word is wrong or missing there, or just before it';

const longestShown = 80;

function shown(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').trim();
  if (line === '') return '';
  return `"${line.length <= longestShown ? line : `${line.slice(0, longestShown - 1)}…`}"`;
}

/** Of the query's first line that has the word which the message is about: it names one thing, first. */
function lineNaming({ sql, sqlLine }: Query, says: string): number | undefined {
  const name = (/`([\w.]+)`/.exec(says) ?? /(?:function|table|column) ([\w.]+)/.exec(says))?.[1];
  // A keyword that was taken for a name stands on many lines.
  if (name === undefined || /^[A-Z]+$/.test(name)) return undefined;
  const word = new RegExp(
    `(?<![\\w.])(?:weir\\.)?${name.replace(/^weir\./, '').replaceAll('.', '\\.')}(?!\\w)`,
  );
  const index = sql.split('\n').findIndex((line) => word.test(line));
  return index < 0 ? undefined : sqlLine + index;
}

/** What the engine knows that is called alike; it says so behind the whole query. */
function meant(error: unknown): string {
  const text = error instanceof Error ? error.message : '';
  const names = /maybe you meant:? \[([^\]]{1,100})\]/i.exec(text)?.[1];
  return names === undefined ? '' : ` (maybe you meant ${names})`;
}
