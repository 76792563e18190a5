import { piecesOf, quoted } from '../sql/canonical.text.js';
import type { CheckedQuery } from '../sql/sql.check.js';
import type { Catalog } from './catalog.js';
import { contentTypeOf } from './formats.js';
import { filledIn } from './query.parameters.js';

export interface RewriteOptions {
  readonly catalog: Catalog;
  readonly parameters: ReadonlyMap<string, string>;
  /** Rows to give of a SELECT. */
  readonly limit?: number | undefined;
}

/**
 * What this door takes beyond the other one: a FORMAT clause, parameters, and what tools ask of a server. All of it is
 * written into the query before that is checked, and none of it gets by the check.
 */
export function rewrite(canonical: string, { catalog, parameters, limit }: RewriteOptions): CheckedQuery {
  const { text, format } = withoutFormat(canonical);
  if (format !== undefined) contentTypeOf(format);
  const question = serverQuestions(catalog.version).get(text);
  if (question !== undefined) return { text: question, format };
  const answered = withCatalog(filledIn(piecesOf(text), parameters), catalog.tables).join('');
  const isSelect = /^(?:SELECT|WITH|\()/.test(answered);
  return { text: limit && isSelect ? `SELECT * FROM (${answered}) LIMIT ${limit}` : answered, format };
}

/** In the engine's rendering an alias has its AS: a name after FORMAT at the end can only be a format's. */
function withoutFormat(canonical: string): CheckedQuery {
  const [, text, format] = /^(?!INSERT )([\s\S]+) FORMAT ([A-Za-z0-9_]+)$/.exec(canonical) ?? [];
  return text === undefined ? { text: canonical } : { text, format };
}

/**
 * The revision of 0 says that Native comes without what later revisions put before and into its blocks, which is how
 * the embedded engine writes it.
 */
export const helloQuery = 'SELECT displayName(), version(), revision(), timezone()';

const serverQuestions = (version: string): ReadonlyMap<string, string> =>
  new Map([
    ['SELECT version()', `SELECT ${quoted(version)} AS \`version()\``],
    ['SELECT version() AS version', `SELECT ${quoted(version)} AS version`],
    [
      helloQuery,
      `SELECT 'weirkeeper' AS \`displayName()\`, ${quoted(version)} AS \`version()\`, toUInt32(0) AS \`revision()\`, 'UTC' AS \`timezone()\``,
    ],
  ]);

/** `system.tables` after FROM or JOIN becomes a list; as part of a column's name only its `system.` goes. */
function withCatalog(pieces: readonly string[], tables: ReadonlyMap<string, string>): string[] {
  const written: string[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const list =
      pieces[i] === 'system' && pieces[i + 1] === '.' ? tables.get(nameOf(pieces[i + 2])) : undefined;
    if (list === undefined || pieces[i - 1] === '.') {
      written.push(pieces[i] ?? '');
      continue;
    }
    const name = pieces[i + 2] ?? '';
    const isAliased = pieces[i + 4] === 'AS';
    i += 2;
    if (pieces[i + 1] === '.') written.push(name);
    else written.push(isAliased ? list : `${list} AS ${name}`);
  }
  return written;
}

const nameOf = (piece = ''): string => piece.replaceAll('`', '');
