import { scan, type Token } from './parser.js';

// Token types of the scanner that hold a value that somebody wrote: 'x', U&'x', b'1', x'f', 1.5, 1, and comments.
const values: ReadonlySet<number> = new Set([260, 261, 262, 263, 264, 266]);
const comments: ReadonlySet<string> = new Set(['SQL_COMMENT', 'C_COMMENT']);

/** The text with `?` for each literal and without its comments; a text that cannot be scanned becomes `…`. */
export function redactLiterals(text: string): string {
  let tokens: readonly Token[];
  try {
    tokens = scan(text);
  } catch {
    return '…';
  }
  const bytes = Buffer.from(text);
  let redacted = '';
  let at = 0;
  for (const token of tokens) {
    redacted += bytes.toString('utf8', at, token.start) + shown(token, bytes);
    at = token.end;
  }
  return (redacted + bytes.toString('utf8', at)).trim();
}

function shown(token: Token, bytes: Buffer): string {
  if (comments.has(token.tokenName)) return '';
  if (values.has(token.tokenType)) return '?';
  return bytes.toString('utf8', token.start, token.end);
}
