import { isDeepStrictEqual } from 'node:util';
import { rowLine, StoredRowEvent, type RowParts } from '#audit-rows';
import type { Topic } from '#events';

/** A row as the gate sends it: columns by name, 64-bit numbers as text. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** What a session consists of in the store. */
export interface SessionRecord {
  readonly session: string;
  readonly events: readonly StoredRow[];
  readonly deadLetters: readonly StoredRow[];
  /** What is kept of events that retention has erased. */
  readonly expired: readonly StoredRow[];
  readonly statements: readonly StoredRow[];
  readonly summary: StoredRow | undefined;
  /** What the view `weir.sessions` has of it. */
  readonly view: StoredRow | undefined;
}

/** The event of a row: its bytes, and the place that the row claims for it. */
export function eventOf(row: StoredRow): StoredRowEvent {
  const position = {
    topic: textOf(row, 'topic') as Topic,
    partition: Number(row['partition']),
    offset: Number(row['offset']),
  };
  const appendedAt = Date.parse(`${textOf(row, 'logged_at').replace(' ', 'T')}Z`);
  return new StoredRowEvent(position, appendedAt, Buffer.from(textOf(row, 'raw'), 'base64'));
}

/** A column's text; empty where it has none. */
export function textOf(row: StoredRow, column: string): string {
  const value = row[column];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export interface Difference {
  readonly column: string;
  readonly stored: unknown;
  readonly derived: unknown;
}

/** The columns in which a stored row is not what its event says. Those that an event leaves out have their default. */
export function differences(
  row: StoredRow,
  parts: RowParts,
  except: ReadonlySet<string> = none,
): Difference[] {
  const { raw_base64: raw, ...columns } = JSON.parse(rowLine(parts)) as Record<string, unknown>;
  const derived: Record<string, unknown> = raw === undefined ? columns : { ...columns, raw };
  const names = new Set([...Object.keys(row), ...Object.keys(derived)]);
  return [...names]
    .filter((column) => !except.has(column))
    .map((column) => ({ column, stored: row[column], derived: derived[column] }))
    .filter(({ stored, derived: expected }) => !isSame(stored, expected));
}

const none: ReadonlySet<string> = new Set();

function isSame(stored: unknown, derived: unknown): boolean {
  if (derived === undefined) return isDefault(stored);
  if (stored === undefined) return isDefault(derived);
  return isDeepStrictEqual(stored, derived);
}

const isDefault = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === '0' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** A value for people, cut. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value ?? '');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
