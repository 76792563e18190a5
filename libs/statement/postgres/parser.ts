import instantiate, { type PgQueryInstance } from 'libpg-query/wasm/libpg-query.js';
import { AppError } from '#kernel';
import { StatementSyntaxError } from './syntax-error.js';
import type { Fields } from './tree.js';

/*
 * A statement that nests deeper than the stack (20,000 chained `+`) makes the parser throw RangeError out of the
 * middle of C code. The instance answers on, but it has lost that much of its own stack for good: after some
 * twenty such statements it writes over its own tables, and everything after them fails or, worse, could parse
 * wrongly. So an instance that threw anything but a syntax error is dropped, and a spare one takes its place.
 */
const spares: PgQueryInstance[] = [];
const sparesKept = 4;
let current: PgQueryInstance | undefined;
let filling: Promise<void> | undefined;

// Memory of an instance grows with the largest text it parsed and never shrinks.
const largeText = 256 * 1024;

/** Instantiates the parser (about 50 ms). Must have resolved before anything else here is called. */
export async function loadStatementParser(): Promise<void> {
  await refill();
}

function refill(): Promise<void> {
  filling ??= fill().finally(() => (filling = undefined));
  return filling;
}

async function fill(): Promise<void> {
  while (spares.length < sparesKept) spares.push(await instantiate());
}

function retire(): void {
  current = spares.pop();
  refillSoon();
}

// If it fails, statements are denied until a later attempt succeeds.
function refillSoon(): void {
  refill().catch(() => undefined);
}

export interface ParsedText {
  readonly statements: readonly RawStatement[];
  /** Length of the parser's JSON: what the tree weighs, in steps of about four bytes. */
  readonly weight: number;
}

/** `location` and `length` are bytes; length 0 is up to the end of the text. */
export interface RawStatement {
  readonly stmt: Fields;
  readonly location: number;
  readonly length: number;
}

/** The instance is well, and the text is not. `position`: what PostgreSQL's own parser says, in characters from 1, or 0. */
class SyntaxFault extends Error {
  constructor(
    message: string,
    readonly position?: number,
  ) {
    super(message);
  }
}

/** The parser's tree. Throws STATEMENT_DENIED with the parser's message for what does not parse. */
export function parse(text: string): ParsedText {
  refuseUnrepresentable(text);
  if (text === '') return { statements: [], weight: 0 };
  return guarded(text, (parser) => {
    const json = parseJson(parser, text);
    return { statements: statementsOf(JSON.parse(json)), weight: json.length };
  });
}

/** Groups texts that differ in literals only. Hex. */
export function fingerprint(text: string): string {
  refuseUnrepresentable(text);
  return guarded(text, (parser) => {
    const hash = callForString(parser, text, (pointer) => parser._wasm_fingerprint(pointer));
    if (!/^[0-9a-f]{16}$/.test(hash)) throw new SyntaxFault(hash);
    return hash;
  });
}

export interface Token {
  /** Bytes, end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The grammar's number and name for it; keywords and some others have the name UNKNOWN. */
  readonly tokenType: number;
  readonly tokenName: string;
}

export function scan(text: string): readonly Token[] {
  refuseUnrepresentable(text);
  return guarded(text, (parser) => {
    const json = callForString(parser, text, (pointer) => parser._wasm_scan(pointer));
    // The scanner's errors come back as plain text.
    if (!json.startsWith('{')) throw new SyntaxFault(json);
    return tokensOf(json);
  });
}

/**
 * Control characters stand in that JSON as they are, and then it is none. The instance is well: were it dropped, five
 * such texts of eight bytes would leave every session without a parser.
 */
function tokensOf(json: string): readonly Token[] {
  try {
    return (JSON.parse(json) as { tokens: Token[] }).tokens;
  } catch {
    throw new SyntaxFault('the statement has a control character');
  }
}

function refuseUnrepresentable(text: string): void {
  // The parser reads a C string: what follows a NUL would go unseen.
  if (text.includes('\0')) throw denied('a statement may not contain a NUL character');
  if (/\p{Surrogate}/u.test(text)) throw denied('the statement is not valid Unicode text');
  refuseRescans(text);
}

/*
 * PostgreSQL's scanner takes a run of operator characters whole, then gives back all but the comment's opening or the
 * single sign that it wanted. A run of n of them is read n times: 32 KB of nested comment openings took 2 s, 1 MB would
 * hold up every session for half an hour. Banners of dashes, stars or equal signs are read once and cost nothing.
 */
const operatorRun = /[~!@#^&|`?+\-*/%<>=]{256,}/g;
const rereadCharacters = 16_000_000;

function refuseRescans(text: string): void {
  let reread = 0;
  for (const { 0: run, index } of text.matchAll(operatorRun)) {
    for (let at = index; at < index + run.length; at++) {
      if (!startsAgain(text, at)) continue;
      reread += run.length;
      if (reread > rereadCharacters)
        throw denied('the statement has too long a run of comment openings or signs');
    }
  }
}

/** A comment opens here, or here is a sign that opens no line comment. */
function startsAgain(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === slash) return text.charCodeAt(at + 1) === star;
  return code === plus || (code === minus && text.charCodeAt(at + 1) !== minus);
}

const [slash, star, plus, minus] = [0x2f, 0x2a, 0x2b, 0x2d];

function guarded<T>(text: string, work: (parser: PgQueryInstance) => T): T {
  const parser = (current ??= spares.pop());
  if (!parser) {
    refillSoon();
    throw denied('the statement parser is starting: try again');
  }
  try {
    const result = work(parser);
    if (text.length > largeText && spares.length > 0) retire();
    return result;
  } catch (error) {
    if (error instanceof SyntaxFault) throw faulty(error);
    retire();
    throw denied('the statement is nested too deeply to be understood', error);
  }
}

/** Only where the server would say the same is it the client's syntax error. */
function faulty({ message, position }: SyntaxFault): AppError {
  return position === undefined ? denied(message) : new StatementSyntaxError(message, position);
}

function denied(message: string, cause?: unknown): AppError {
  return new AppError('STATEMENT_DENIED', message, cause === undefined ? {} : { cause });
}

/*
 * PgQueryParseResult: tree:char* stderr:char* error:PgQueryError*
 * PgQueryError: message:char* funcname:char* filename:char* lineno:int32 cursorpos:int32 (characters, from 1)
 */
function parseJson(parser: PgQueryInstance, text: string): string {
  return withText(parser, text, (pointer) => {
    const result = parser._wasm_parse_query_raw(pointer);
    if (!result) throw new SyntaxFault('out of memory');
    const error = parser.getValue(result + 8, 'i32');
    const tree = parser.getValue(result, 'i32');
    const message = error ? parser.UTF8ToString(parser.getValue(error, 'i32')) : undefined;
    const position = error ? parser.getValue(error + 16, 'i32') : 0;
    const json = tree ? parser.UTF8ToString(tree) : '';
    parser._wasm_free_parse_result(result);
    if (message !== undefined) throw new SyntaxFault(message, position);
    if (json === '') throw new SyntaxFault('the parser gave no tree');
    return json;
  });
}

function callForString(parser: PgQueryInstance, text: string, call: (pointer: number) => number): string {
  return withText(parser, text, (pointer) => {
    const result = call(pointer);
    const answer = parser.UTF8ToString(result);
    if (result) parser._wasm_free_string(result);
    return answer;
  });
}

// Not freed when the work throws a trap: the instance is dropped then, and its allocator is not to be trusted.
function withText(parser: PgQueryInstance, text: string, work: (pointer: number) => string): string {
  const size = parser.lengthBytesUTF8(text) + 1;
  const pointer = parser._malloc(size);
  parser.stringToUTF8(text, pointer, size);
  try {
    const answer = work(pointer);
    parser._free(pointer);
    return answer;
  } catch (error) {
    if (error instanceof SyntaxFault) parser._free(pointer);
    throw error;
  }
}

function statementsOf(tree: unknown): RawStatement[] {
  const raw =
    (tree as { stmts?: { stmt?: Fields; stmt_location?: number; stmt_len?: number }[] }).stmts ?? [];
  return raw.map((each) => {
    if (!each.stmt) throw new SyntaxFault('the parser gave a statement without a tree');
    return { stmt: each.stmt, location: each.stmt_location ?? 0, length: each.stmt_len ?? 0 };
  });
}
