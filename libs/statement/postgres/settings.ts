import type { SessionEffect } from '../facts.js';
import { fieldsOf, isFields, list, text, type Fields } from './tree.js';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Settings whose every value is harmless to what the gate relies on. */
const free: ReadonlySet<string> = new Set(
  words(`application_name statement_timeout lock_timeout idle_in_transaction_session_timeout
    idle_session_timeout transaction_timeout timezone datestyle intervalstyle extra_float_digits bytea_output
    work_mem default_transaction_isolation default_transaction_read_only default_transaction_deferrable
    transaction_isolation transaction_read_only transaction_deferrable xmloption xmlbinary jit
    restrict_nonsystem_relation_kind`),
);

// The gate reads names as UTF-8. In any other encoding the server sees other names, cuts them elsewhere after 63 bytes,
// and may find a quote inside a character.
const encodings: ReadonlySet<string> = new Set(words('utf8 unicode'));

const levels: ReadonlySet<string> = new Set(['notice', 'warning', 'error']);

/** What SHOW and current_setting may tell besides the settings that SET may set. */
const readable: ReadonlySet<string> = new Set(
  words(`server_version server_version_num server_encoding lc_collate lc_ctype lc_messages lc_monetary
    lc_numeric lc_time max_identifier_length max_index_keys max_function_args block_size integer_datetimes
    in_hot_standby is_superuser session_authorization role search_path client_encoding client_min_messages
    standard_conforming_strings max_connections default_text_search_config row_security
    default_tablespace temp_tablespaces backslash_quote escape_string_warning array_nulls server_name
    default_table_access_method synchronous_commit wal_level password_encryption`),
);

export type SettingVerdict = 'session' | 'admin' | 'refused';

/** SET with these literal values: on the list, an administrator's, or one that would blind the gate. */
export function judgeSet(setting: string, values: readonly string[]): SettingVerdict {
  const name = setting.toLowerCase();
  const value = values.join(', ').toLowerCase();
  if (free.has(name)) return 'session';
  if (name === 'search_path') return catalogFirst(values) ? 'session' : 'refused';
  if (name === 'client_encoding')
    return encodings.has(value.replace(/[^a-z0-9]/g, '')) ? 'session' : 'refused';
  if (name === 'client_min_messages') return levels.has(value) ? 'session' : 'admin';
  if (name === 'standard_conforming_strings') {
    return ['on', 'true', 'yes', '1'].includes(value) ? 'session' : 'refused';
  }
  return 'admin';
}

/** Why a value of these is refused whatever policies say. */
const pinned: Readonly<Record<string, string>> = {
  standard_conforming_strings:
    'standard_conforming_strings stays on: with it off, string constants would read differently to the gate than to the server',
  client_encoding:
    'client_encoding stays UTF8: in another encoding, names would read differently to the gate than to the server',
  search_path:
    'pg_catalog may stand in search_path at its first place only: elsewhere, built-in names would mean something else',
};

export function refusedSetting(setting: string): string {
  const name = setting.toLowerCase();
  return (Object.hasOwn(pinned, name) ? pinned[name] : undefined) ?? `${name} may not be set to that`;
}

export function isReadableSetting(setting: string): boolean {
  const name = setting.toLowerCase();
  return free.has(name) || readable.has(name);
}

// A schema list is not split by the server where it came as several values; one quoted value may hold commas.
function catalogFirst(values: readonly string[]): boolean {
  const at = values.findIndex((each) => /pg_catalog/i.test(each));
  return at === -1 || (at === 0 && values[0]?.toLowerCase() === 'pg_catalog');
}

// Back to what the connection began with, which the gate chose or checked.
const resettable: ReadonlySet<string> = new Set([
  ...free,
  'search_path',
  'client_min_messages',
  'client_encoding',
]);

export interface SetFacts {
  readonly verdict: SettingVerdict;
  readonly effects: readonly SessionEffect[];
}

/** VariableSetStmt, in all its forms. */
export function setFacts(fields: Fields): SetFacts {
  const name = text(fields['name'])?.toLowerCase() ?? '';
  switch (fields['kind']) {
    case 'VAR_SET_VALUE':
      return setValue(name, list(fields['args']));
    case 'VAR_SET_DEFAULT':
    case 'VAR_RESET':
      return { verdict: resettable.has(name) ? 'session' : 'admin', effects: [reset(name)] };
    case 'VAR_RESET_ALL':
      return { verdict: 'session', effects: [reset('all')] };
    case 'VAR_SET_MULTI':
      return setTransaction(name, list(fields['args']));
    default:
      return { verdict: 'admin', effects: [] };
  }
}

const reset = (setting: string): SessionEffect => ({ type: 'set', setting, value: undefined });

function setValue(name: string, args: readonly unknown[]): SetFacts {
  const values = args.map(literal);
  if (values.some((each) => each === undefined)) return { verdict: 'admin', effects: [] };
  const known = values.filter((each) => each !== undefined);
  const effect: SessionEffect = { type: 'set', setting: name, value: known.join(', ') };
  return { verdict: judgeSet(name, known), effects: [effect] };
}

// SET TRANSACTION SNAPSHOT takes another session's view of the data.
function setTransaction(name: string, args: readonly unknown[]): SetFacts {
  const known = name === 'transaction' || name === 'session characteristics';
  const modes = args.map((each) => text(fieldsOf(each, 'DefElem')?.['defname']) ?? '');
  const allowed = known && modes.every((each) => free.has(each));
  return { verdict: allowed ? 'session' : 'admin', effects: [] };
}

/** A constant's value as SET takes it; undefined for anything that is not a plain constant. */
export function literal(node: unknown): string | undefined {
  const constant = fieldsOf(node, 'A_Const') ?? fieldsOf(fieldsOf(node, 'TypeCast')?.['arg'], 'A_Const');
  if (!constant || constant['isnull'] === true) return undefined;
  for (const [key, empty] of [
    ['sval', ''],
    ['ival', '0'],
    ['fval', ''],
    ['boolval', 'false'],
  ] as const) {
    const held = constant[key];
    if (!isFields(held)) continue;
    const value = held[key] ?? empty;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
  }
  return undefined;
}
