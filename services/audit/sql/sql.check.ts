import { database, publicTables, type ClickHouseClient } from '#audit-store';
import type { AppError } from '#kernel';
import { assertEnclosable, quoted } from './canonical.text.js';
import { assertReadsOnly, assertTable } from './query.rules.js';
import { refused } from './query.refused.js';
import { queryBytes } from './query.bytes.js';
import { readSyntaxTree } from './syntax.tree.js';

/** Bytes of a query's text. */
const maxQueryBytes = 64 * 1024;

/** What is to run, and the format that the query itself asks for. */
export interface CheckedQuery {
  readonly text: string;
  readonly format?: string | undefined;
}

/** What a door does to a query in the engine's own rendering (fills in parameters, say), before it is checked. */
export type Rewrite = (canonical: string) => CheckedQuery;

/**
 * Gives the text to execute for a query, or throws QUERY_REFUSED. The engine first renders the query in its
 * own words, taking it as a string, so that no comment, quote or odd blank of ours can be read in two ways;
 * that rendering, enclosed as a subquery, is what the syntax tree is asked of, and exactly that is executed.
 */
export async function checkedQuery(
  client: ClickHouseClient,
  query: string,
  maxRows: number,
  rewrite: Rewrite = (canonical) => ({ text: canonical }),
): Promise<CheckedQuery> {
  if (Buffer.byteLength(query) > maxQueryBytes)
    throw refused(`the query is longer than ${maxQueryBytes / 1024} KiB`);
  if (/\p{Surrogate}|\0/u.test(query)) throw refused('the query is not well-formed text');
  const rendered = await render(client, query);
  assertEnclosable(rendered);
  const { text, format } = rewrite(rendered);
  assertEnclosable(text);
  return { text: await checkedText(client, text, maxRows), format };
}

async function checkedText(client: ClickHouseClient, canonical: string, maxRows: number): Promise<string> {
  const explain = explained.exec(canonical);
  if (explain) return `EXPLAIN ${explain[1] ?? ''}${await enclosedSelect(client, explain[2] ?? '', maxRows)}`;
  return description(canonical) ?? (await enclosedSelect(client, canonical, maxRows));
}

/** `EXPLAIN PLAN indexes = 1 SELECT …`: 1 is what stands before the query, 2 the query. */
const explained =
  /^EXPLAIN ((?:(?:AST|SYNTAX|QUERY TREE|PLAN|PIPELINE|ESTIMATE) )?(?:[a-z_]+ = [01](?:, [a-z_]+ = [01])* )?)((?:SELECT|WITH|\()[\s\S]*)$/;

const name = '(?:`?[A-Za-z_]\\w*`?\\.)?`?[A-Za-z_]\\w*`?';
const described = new RegExp(
  `^(?:DESCRIBE TABLE|SHOW CREATE TABLE|SHOW CREATE VIEW|SHOW CREATE|SHOW COLUMNS FROM) (${name})$`,
);
const like = "( I?LIKE '[\\w%]*')?";
const databases = new RegExp(`^SHOW DATABASES${like}$`);
const tables = new RegExp(`^SHOW TABLES(?: FROM ${database})?${like}$`);

/** SHOW and DESCRIBE can't be enclosed; they are taken in a few exact forms, whole. */
function description(canonical: string): string | undefined {
  if (databases.test(canonical)) return canonical;
  const shown = tables.exec(canonical);
  if (shown) return tableNames(shown[1]);
  const [, table] = described.exec(canonical) ?? [];
  if (table === undefined) return undefined;
  assertTable(table.replaceAll('`', ''));
  return canonical;
}

/** The engine would name what a reader has rights to, which is more than auditors may read. */
function tableNames(filter: string | undefined): string {
  const names = publicTables.map((table) => `(${quoted(table)})`).join(', ');
  const where = filter === undefined ? '' : ` WHERE name${filter}`;
  return `SELECT c1 AS name FROM (VALUES ${names}) AS v(c1)${where} ORDER BY name`;
}

async function enclosedSelect(client: ClickHouseClient, canonical: string, maxRows: number): Promise<string> {
  if (!/^(?:SELECT|WITH|\()/.test(canonical))
    throw refused('only SELECT, SHOW, DESCRIBE and EXPLAIN are taken here');
  // one more than may be: its presence tells that there are too many
  const enclosed = `SELECT * FROM (\n${canonical}\n) LIMIT ${maxRows + 1}`;
  const lines = await column(client, `EXPLAIN AST ${enclosed}`, notEnclosable);
  assertReadsOnly(readSyntaxTree(lines));
  return enclosed;
}

/** One statement, on one line; what is more than one is a syntax error. */
async function render(client: ClickHouseClient, query: string): Promise<string> {
  const [canonical] = await column(client, `SELECT formatQuerySingleLine(${quoted(query)})`, syntaxError);
  return canonical ?? '';
}

async function column(
  client: ClickHouseClient,
  query: string,
  asRefusal: (error: unknown) => AppError,
): Promise<string[]> {
  const { bytes } = await queryBytes(client, query, 'JSONCompactEachRow').catch((error: unknown) => {
    throw asRefusal(error);
  });
  const lines = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as [string])[0]);
}

/** The engine's own words, without the scope, which quotes what we put around. */
function syntaxError(error: unknown): AppError {
  const text = error instanceof Error ? error.message : String(error);
  const [message = ''] = text.replaceAll('\n', ' ').split(/(?:: In scope|\. Expected one of)/);
  return refused(message.slice(0, 300), undefined, error);
}

/** It was a query of its own, but is none as a part of another. */
const notEnclosable = (error: unknown): AppError =>
  refused('the query cannot be read as a part of another', 'leave out INTO OUTFILE and FORMAT', error);
