import { refused } from './query.refused.js';

/** A quoted piece is one token; so is a run of blanks. */
const token = /'(?:[^'\\]|\\.|'')*'|`[^`\\]+`|[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9A-Za-z_.]*|\s+|[\s\S]/gy;

/** The pieces of a text, none left out. */
export const piecesOf = (canonical: string): string[] =>
  [...canonical.matchAll(token)].map(([piece]) => piece);

/** A text as a literal of SQL. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/**
 * Looks at the engine's own rendering of a query: no comments are left in it and every string is closed. The
 * text is then put between parentheses, so it must not be able to close them or to end the statement. A
 * quoted name with a backslash is refused: it could hold a line break and forge a line of the syntax tree.
 */
export function assertEnclosable(canonical: string): void {
  let depth = 0;
  let before = '';
  for (const piece of piecesOf(canonical)) {
    if (piece === '(') depth++;
    if (piece === ')') depth--;
    if (depth < 0) throw refused('the parentheses do not match');
    assertPlain(piece, before);
    before = piece;
  }
  if (depth !== 0) throw refused('the parentheses do not match');
}

const operators = new Set([...'()[]{},.+-*/%=<>!?:|@']);

function assertPlain(piece: string, before: string): void {
  if (/^\s/.test(piece)) return;
  const isQuoted = piece.length > 1 && (piece.startsWith("'") || piece.startsWith('`'));
  if (isQuoted || /^[A-Za-z0-9_]/.test(piece)) return;
  if ((piece === '-' && before === '-') || (piece === '*' && before === '/'))
    throw refused('there is something that reads as a comment');
  if (!operators.has(piece)) throw refused(`unexpected ${JSON.stringify(piece)}`);
}
