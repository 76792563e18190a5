import {
  addToSummary,
  emptySummary,
  more,
  sessionEventRow,
  summaryColumns,
  unknownSession,
  type RowParts,
  type SessionEntry,
  type SessionEventParts,
  type SummaryColumns,
} from '#audit-rows';
import type { Finding } from './finding.js';
import { statementRows } from './statement.rows.js';
import { differences, eventOf, shown, textOf, type SessionRecord, type StoredRow } from './stored.rows.js';

/**
 * Derives every column of a session's rows from their bytes again, as ingest does, and then what is derived from
 * those. `sound`: the rows whose bytes are proven; `whole`: nothing between them is missing.
 */
export function checkColumns(record: SessionRecord, sound: readonly StoredRow[], whole: boolean): Finding[] {
  const { session } = record;
  const findings: Finding[] = [];
  const entry = unknownSession();
  const derived: SessionEventParts[] = [];
  const started = textOf(sound[0] ?? {}, 'seq') === '1';
  for (const row of sound) {
    const parts = partsOf(row, entry);
    const where = `session ${session} seq ${textOf(row, 'seq')}`;
    if (!parts) {
      findings.push({ kind: 'added row', where, why: 'no row is made of an event that cannot be read' });
      continue;
    }
    derived.push(parts);
    findings.push(...changed(where, row, parts, unknowable(row, started, whole)));
  }
  if (whole && findings.length === 0) findings.push(...checkDerived(record, derived, entry));
  return findings;
}

function partsOf(row: StoredRow, entry: SessionEntry): SessionEventParts | undefined {
  const event = eventOf(row);
  const { link } = event.envelope;
  try {
    return link && sessionEventRow(event, link, entry);
  } catch {
    return undefined;
  }
}

/** Where an event before it is missing, some columns can't be derived: they stood there. */
function unknowable(row: StoredRow, started: boolean, whole: boolean): ReadonlySet<string> {
  const columns = started ? [] : whoColumns;
  return new Set(whole || textOf(row, 'type') !== 'ResultChunk' ? columns : [...columns, 'payload']);
}

const whoColumns = Object.keys(unknownSession().who);

function changed(where: string, row: StoredRow, parts: RowParts, except?: ReadonlySet<string>): Finding[] {
  return differences(row, parts, except).map(({ column, stored, derived }) => ({
    kind: `changed column ${column}` as const,
    where,
    why: `it says ${shown(stored)}, its event ${shown(derived)}`,
  }));
}

function checkDerived(
  record: SessionRecord,
  rows: readonly SessionEventParts[],
  entry: SessionEntry,
): Finding[] {
  return [
    ...checkSummary(record, rows, entry),
    ...checkView(record, rows, entry),
    ...checkStatements(record, rows),
  ];
}

/** A summary may be some events behind: it is written after them. */
function checkSummary(
  { session, summary, events }: SessionRecord,
  rows: readonly SessionEventParts[],
  { who }: SessionEntry,
): Finding[] {
  const where = `session ${session} summary`;
  if (!summary) return [{ kind: 'deleted row', where, why: 'it is not in the store' }];
  const last = events.at(-1);
  const upTo = seqOf(summary, 'last_seq');
  if (last && seqOf(last, 'seq') > upTo && isSettled(last))
    return [{ kind: 'changed column last_seq', where, why: `it ends at seq ${upTo}, the session goes on` }];
  const columns = sumOf(rows, upTo);
  return changed(where, sorted(summary), [{ session_id: session }, who, sorted(columns)]);
}

/** The view may be some events behind, too: it was read before them. */
function checkView(
  { session, view }: SessionRecord,
  rows: readonly SessionEventParts[],
  { who }: SessionEntry,
): Finding[] {
  const where = `session ${session} in weir.sessions`;
  if (!view) return [{ kind: 'deleted row', where, why: 'the view has no row of it' }];
  const sum = sumOf(rows, seqOf(view, 'last_seq'));
  // What could not be read is missing there: it stands among the dead letters.
  const missing = String(BigInt(sum.last_seq) - BigInt(sum.events));
  const derived = { session_id: session, ...who, ...sum, missing };
  return changed(where, view, [Object.fromEntries(Object.entries(derived).filter(([name]) => name in view))]);
}

const seqOf = (row: StoredRow, column: string): bigint => BigInt(textOf(row, column) || '0');

function sumOf(rows: readonly SessionEventParts[], upTo: bigint): SummaryColumns {
  const sum = emptySummary();
  for (const row of rows) if (BigInt(row[1].seq) <= upTo) addToSummary(sum, row);
  return summaryColumns(sum);
}

/** What stands there for so long has been summed up. */
const isSettled = (row: StoredRow): boolean => Date.now() - eventOf(row).appendedAt > 60_000;

/** Sets come in no order, and of one that ran full, what it had room for depends on how events came. */
function sorted<T extends object>(row: T): T {
  const { touched = [], classes = [] } = row as { touched?: string[]; classes?: string[] };
  const ordered = (set: readonly string[]) => (set.includes(more) ? [more] : [...set].sort());
  return { ...row, touched: ordered(touched), classes: ordered(classes) };
}

function checkStatements(record: SessionRecord, rows: readonly SessionEventParts[]): Finding[] {
  const derived = statementRows(record.session, rows);
  const byId = new Map(record.statements.map((row) => [textOf(row, 'statement_id'), row]));
  const findings: Finding[] = [];
  for (const [id, row] of derived) {
    const where = `session ${record.session} statement ${id}`;
    const stored = byId.get(id);
    if (stored) findings.push(...changed(where, stored, [row]));
    else findings.push({ kind: 'deleted row', where, why: 'the view has no row of it' });
  }
  for (const stored of record.statements)
    if (!derived.has(textOf(stored, 'statement_id')))
      findings.push({
        kind: 'added row',
        where: `session ${record.session} statement ${textOf(stored, 'statement_id')}`,
        why: 'no event is of it',
      });
  return findings;
}
