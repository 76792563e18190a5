/** What PostgreSQL's lexer makes of a text, as far as a reader is helped by it. The pieces joined are the text. */
export interface SqlToken {
  readonly kind: 'keyword' | 'name' | 'quoted' | 'string' | 'number' | 'comment' | 'parameter' | 'other';
  readonly text: string;
}

/*
 * Anchored, tried in this order. Unlike in JavaScript, what is not closed goes to the end, as the server reads it
 * (and refuses it). Block comments nest and are read by hand.
 */
const rules: readonly (readonly [SqlToken['kind'], RegExp])[] = [
  ['other', /\s+/y],
  ['comment', /--[^\n\r]*/y],
  ['string', /[eE]'(?:[^'\\]|\\[^]|'')*(?:'|\\?$)/y],
  ['string', /(?:[nNbBxX]|[uU]&)?'(?:[^']|'')*(?:'|$)/y],
  ['quoted', /(?:[uU]&)?"(?:[^"]|"")*(?:"|$)/y],
  ['parameter', /\$\d+/y],
  [
    'number',
    /0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y,
  ],
  ['name', /[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*/uy],
];
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

const keywords = new Set(
  `all alter and any array as asc begin between by call cascade case cast check column commit conflict constraint
  copy create cross current_date current_timestamp current_user cursor database deallocate declare default delete
  desc distinct do drop else end except execute exists explain false fetch filter for foreign from full function
  grant group having if ilike in index inner insert intersect into is isolation join key lateral leading left level
  like limit local lock matched materialized merge natural not nothing null nulls offset on only or order outer over
  partition prepare primary procedure references refresh release reset restrict returning revoke right role rollback
  row rows savepoint schema select sequence session set show similar some start table temp temporary then to
  transaction trigger true truncate union unique update user using vacuum values view when where window with
  within without work`.split(/\s+/),
);

/** Reads any text to its end in time that grows with its length. */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let at = 0; at < sql.length;) {
    const token = tokenAt(sql, at);
    const last = tokens.at(-1);
    if (token.kind === 'other' && last?.kind === 'other')
      tokens[tokens.length - 1] = { kind: 'other', text: last.text + token.text };
    else tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(sql: string, at: number): SqlToken {
  if (sql.startsWith('/*', at)) return { kind: 'comment', text: sql.slice(at, endOfComment(sql, at)) };
  const quoted = dollarQuoted(sql, at);
  if (quoted) return { kind: 'string', text: quoted };
  for (const [kind, pattern] of rules) {
    pattern.lastIndex = at;
    const text = pattern.exec(sql)?.[0];
    if (text) return { kind: kind === 'name' && keywords.has(text.toLowerCase()) ? 'keyword' : kind, text };
  }
  const text = String.fromCodePoint(sql.codePointAt(at) ?? 0);
  return { kind: 'other', text };
}

function endOfComment(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let match = edge.exec(sql); match; match = edge.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

function dollarQuoted(sql: string, at: number): string | undefined {
  dollarTag.lastIndex = at;
  const tag = dollarTag.exec(sql)?.[0];
  if (tag === undefined) return undefined;
  const end = sql.indexOf(tag, at + tag.length);
  return sql.slice(at, end < 0 ? sql.length : end + tag.length);
}
