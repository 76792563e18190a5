import { columnKinds, type ColumnKind, type NativeColumn } from './native.columns.js';
import { ByteSink } from './native.sink.js';
import type { SessionEventRow } from './rows.js';

/** A row in parts, each with columns of its own: one large object for all of them takes three times as long. */
export type RowParts = readonly object[];

/** As migrations `session_events` and `groups_and_revealed` have them; `raw_base64` is the name of a row's bytes before they are in the table. */
const kinds: Readonly<Record<keyof SessionEventRow, ColumnKind>> = {
  ...{ topic: 'word', partition: 'uint32', offset: 'uint64', raw_base64: 'blob', logged_at: 'milliseconds' },
  ...{ event_id: 'text', type: 'word', source: 'word', time: 'microseconds', session_id: 'text' },
  ...{ seq: 'uint64', hash: 'text', identity: 'word', identity_kind: 'word', on_behalf_of: 'word' },
  ...{ connection: 'word', protocol: 'word', source_address: 'text', client_program: 'word' },
  ...{
    client_user: 'word',
    groups: 'words',
    statement_id: 'text',
    text: 'text',
    text_hash: 'text',
    fingerprint: 'text',
  },
  ...{ how: 'word', kinds: 'words', tables_read: 'words', tables_written: 'words' },
  ...{ tables_through: 'words', columns: 'words' },
  ...{ functions: 'words', parameters: 'nullableTexts', decision: 'word', reason: 'text' },
  ...{ policy_ids: 'words', snapshot: 'word', approval_id: 'text', max_rows: 'uint64' },
  ...{ lookups_used: 'uint64', lookups_limit: 'uint64' },
  ...{ hold_outcome: 'word', decided_by: 'words', waited_us: 'int64', status: 'word', command_tag: 'word' },
  ...{ sqlstate: 'word', message: 'text', rows: 'uint64', bytes: 'uint64', duration_us: 'int64' },
  ...{
    masked: 'counts',
    revealed: 'counts',
    result_digest: 'text',
    recording_cut: 'bool',
    end_reason: 'word',
  },
  ...{ bytes_in: 'uint64', bytes_out: 'uint64', payload: 'text' },
};

const columnNames = (Object.keys(kinds) as (keyof SessionEventRow)[]).map((name) =>
  name === 'raw_base64' ? 'raw' : name,
);

/** The columns of `nativeBlock`, in its order. */
export const nativeColumns: readonly string[] = columnNames;

interface Filled {
  readonly column: NativeColumn;
  /** Rows that have their value. */
  rows: number;
}

/* Block: columns:varint rows:varint [ name:String type:String values ]* */

/**
 * Rows of `session_event_rows` as one block of the store's format `Native`. The store takes it as it is: of JSON, writing
 * and reading the text was more than half of an insert. Throws ValueRefused for a value that its column can't hold.
 */
export function nativeBlock(rows: readonly RowParts[]): Buffer[] {
  const columns = new Map<string, Filled>(
    Object.entries(kinds).map(([name, kind]) => [name, { column: columnKinds[kind](), rows: 0 }]),
  );
  rows.forEach((row, at) => {
    for (const part of row) addPart(columns, part as Readonly<Record<string, unknown>>, at);
  });
  return blockOf([...columns.values()], rows.length);
}

function addPart(
  columns: ReadonlyMap<string, Filled>,
  part: Readonly<Record<string, unknown>>,
  at: number,
): void {
  for (const name in part) {
    const value = part[name];
    if (value === undefined) continue;
    const filled = columns.get(name);
    if (!filled) throw new Error(`session_event_rows has no column ${name}`);
    fillTo(filled, at);
    filled.column.add(value);
    filled.rows = at + 1;
  }
}

function fillTo(filled: Filled, rows: number): void {
  for (; filled.rows < rows; filled.rows++) filled.column.addDefault();
}

function blockOf(columns: readonly Filled[], rows: number): Buffer[] {
  const head = new ByteSink();
  head.varint(columns.length);
  head.varint(rows);
  return [
    head.written,
    ...columns.flatMap((filled, i) => {
      fillTo(filled, rows);
      const title = new ByteSink();
      title.text(columnNames[i]!);
      title.text(filled.column.type);
      return [title.written, ...filled.column.parts()];
    }),
  ];
}
