/** A difference that Weirkeeper means, in a test of a suite. */
export interface ByDesign {
  /** The suite's test files that show it. */
  readonly tests: readonly string[];
  /** What the client meets, and why; a row of docs/postgres.md. */
  readonly what: string;
  /** Each of these files' differences must show it. */
  readonly evidence: RegExp;
}

/** PostgreSQL's regression suite; the evidence is a line that only one of the two ways has. */
export const regressionDifferences: readonly ByDesign[] = [
  {
    tests: ['numeric', 'select_views', 'timestamp', 'timestamptz', 'tsearch'],
    what: 'The value classifiers run without any rule: text that looks like an e-mail address, a card or a phone number comes back masked.',
    evidence: /\*\*\*/,
  },
  {
    tests: ['create_table', 'errors', 'limit', 'publication', 'rowsecurity'],
    what: 'What is no SQL is answered by the gate’s own parser, with the server’s message, SQLSTATE and place, but without its DETAIL or HINT; the parser is that of PostgreSQL 18, which points to a place where 15 points to none.',
    evidence: /^(?:direct|through): +(?:DETAIL|HINT|LINE)\b/m,
  },
  {
    tests: ['foreign_key'],
    what: 'The parser is that of PostgreSQL 18: what 15 would refuse after parsing it refuses while parsing, in other words.',
    evidence: /constraints cannot be (?:altered to be|marked) NOT VALID/,
  },
  {
    tests: ['strings'],
    what: '`standard_conforming_strings = off` is refused: the gate and the server would see different string constants.',
    evidence: /standard_conforming_strings stays on/,
  },
  {
    tests: ['largeobject'],
    what: 'Function-call messages (libpq’s `lo_import`, `lo_export`, `lo_unlink`; psql’s `\\lo_…`) are refused: their arguments are OIDs and bytes that no policy can judge. `SELECT lo_…()` is decided by policies.',
    evidence: /function call messages are refused/,
  },
  {
    tests: ['portals', 'plpgsql'],
    what: 'FETCH from a cursor that a function opened is refused: nobody knows what it reads. Cursors of DECLARE are followed.',
    evidence: /cursor ".*" does not exist/,
  },
  {
    tests: ['psql'],
    what: 'COPY out behind DDL of the same query string is refused: its columns are asked for before the string runs, and may be others by then. Sent by itself it works.',
    evidence: /COPY TO STDOUT behind what may change its columns/,
  },
];

/** node-postgres's integration tests; the evidence is what the failing test says. */
export const nodePostgresDifferences: readonly ByDesign[] = [
  {
    tests: ['client/error-handling-tests.js'],
    what: 'An unknown user name is no error: `user` is free text, who somebody is says the token.',
    evidence: /falsy/,
  },
];
