import { AppError } from '#kernel';

/** What a client's StartupMessage said, as far as it may say it. */
export interface StartupParameters {
  /** Free text, for humans. */
  readonly user: string;
  /** The connection's name. */
  readonly database: string;
  /** Settings that go on to the target, by their names as PostgreSQL writes them. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Settings that a client may choose. None of them changes how a statement is read or what it may reach. */
const settable = new Map(
  [
    'application_name',
    'bytea_output',
    'client_encoding',
    'client_min_messages',
    'DateStyle',
    'default_transaction_deferrable',
    'default_transaction_isolation',
    'default_transaction_read_only',
    'extra_float_digits',
    'idle_in_transaction_session_timeout',
    'IntervalStyle',
    'lock_timeout',
    'search_path',
    'standard_conforming_strings',
    'statement_timeout',
    'TimeZone',
  ].map((name) => [name.toLowerCase(), name] as const),
);

/** Turns the pairs of a StartupMessage into parameters. Throws INPUT_INVALID, naming what is not taken. */
export function readParameters(pairs: ReadonlyMap<string, string>): StartupParameters {
  const user = pairs.get('user') ?? '';
  if (user === '') throw new AppError('INPUT_INVALID', 'no user name was given');
  if (isReplication(pairs.get('replication')))
    throw new AppError('FORBIDDEN', 'replication connections are not served');
  const settings = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (['user', 'database', 'replication'].includes(name)) continue;
    if (name === 'options') for (const option of parseOptions(value)) take(settings, ...option);
    else take(settings, name, value);
  }
  return { user, database: pairs.get('database') || user, settings };
}

function isReplication(value: string | undefined): boolean {
  return value !== undefined && !['', 'false', 'off', 'no', '0', 'f', 'n'].includes(value.toLowerCase());
}

function take(settings: Map<string, string>, name: string, value: string): void {
  const known = settable.get(name.toLowerCase());
  if (known === undefined) throw refused(name, 'may not be set here');
  const checked = checks[known]?.(value) ?? value;
  if (checked !== undefined) settings.set(known, checked);
}

/** Values that matter to the gate; each returns what goes on, or throws. */
const checks: Readonly<Record<string, (value: string) => string>> = {
  client_encoding: encoding,
  search_path(value) {
    // A table of a user's own could then stand before the catalog's of the same name.
    if (/pg_catalog/i.test(value))
      throw refused('search_path', 'may not name pg_catalog, which comes first anyway');
    return value;
  },
  standard_conforming_strings(value) {
    if (!['on', 'true', 'yes', '1'].includes(value.toLowerCase()))
      throw refused('standard_conforming_strings', 'stays on');
    return 'on';
  },
  client_min_messages(value) {
    const level = value.toLowerCase();
    if (!['notice', 'warning', 'error', 'info'].includes(level))
      throw refused('client_min_messages', 'is taken as notice, warning or error');
    return level;
  },
};

/**
 * The gate reads and masks UTF-8: in any other encoding a name or a value could read differently to it than to
 * the server. SQL_ASCII ("no conversion", what psql sends in the C locale) is answered with UTF-8.
 */
function encoding(value: string): string {
  const plain = value
    .replace(/['"]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  if (['utf8', 'unicode', 'sqlascii', 'auto'].includes(plain)) return 'UTF8';
  throw new AppError('INPUT_INVALID', `client_encoding ${JSON.stringify(value)} is not served; use UTF8`, {
    hint: 'Set PGCLIENTENCODING=UTF8, or client_encoding=UTF8 in the connection string.',
  });
}

/**
 * `options` as libpq sends PGOPTIONS: words split at spaces, a backslash keeps the next character;
 * `-c name=value`, `-cname=value` or `--name=value`. Anything else is refused.
 */
export function parseOptions(text: string): [string, string][] {
  const words = splitWords(text);
  const options: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    if (word === '-c') word = `-c${words[++i] ?? ''}`;
    const match = /^(?:-c|--)([A-Za-z_][A-Za-z0-9_.-]*)=(.*)$/s.exec(word);
    if (match === null) throw refused('options', `can't hold ${JSON.stringify(word)}`);
    options.push([match[1]!.replaceAll('-', '_'), match[2]!]);
  }
  return options;
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:\\[^]|[^\s\\])+/g)) words.push(match[0].replace(/\\([^])/g, '$1'));
  return words;
}

function refused(name: string, why: string): AppError {
  return new AppError('INPUT_INVALID', `the startup parameter ${JSON.stringify(name.slice(0, 80))} ${why}`, {
    hint: 'Leave it out of the connection string, PGOPTIONS or the driver settings.',
  });
}
