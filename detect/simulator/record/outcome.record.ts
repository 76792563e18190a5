import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ResultChunkSchema, StatementOutcomeSchema } from '#events';
import { rowBudget } from '../agents/calls.js';
import type { Agent, Call, Column, Query } from '../model.js';
import type { Random } from '../random.js';
import { maskedColumns } from './statement.record.js';

/** What a statement that was allowed, or approved, comes to. Bytes are those of the rows as sent. */
export function outcomeOf(
  call: Call,
  agent: Agent,
  statementId: string,
  random: Random,
  approved: boolean,
): MessageInitShape<typeof StatementOutcomeSchema> {
  const { query } = call;
  if (call.fate === 'error')
    return { statementId, status: 'error', sqlstate: '57014', message: 'canceling statement due to statement timeout' };
  const isBound = !agent.profile.bulk && !approved && query.kind === 'select';
  const rows = isBound ? Math.min(call.rows, rowBudget) : call.rows;
  return {
    ...{ statementId, status: rows < call.rows ? 'over_budget' : 'ok', commandTag: tagOf(query, rows) },
    ...(rows < call.rows && { sqlstate: 'WK002', message: `the budget of ${rowBudget} rows is reached` }),
    ...{ rows: BigInt(rows), bytes: BigInt(bytesOf(call, rows, random.fork('body', statementId))), ...values(query, agent, rows) },
    ...(rows > 0 && { recordingCut: true, resultDigest: random.bytes(32) }),
    durationUs: BigInt(Math.round(random.lognormal(1_800, 0.6) + rows * 2.5)),
  };
} // prettier-ignore

/** Milliseconds until the answer was sent. */
export function durationOf({ rows }: Call, random: Random): number {
  return Math.round(random.lognormal(2, 0.6) + Math.min(rows, 2_000_000) / 400);
}

function tagOf({ kind }: Query, rows: number): string {
  if (kind === 'select') return `SELECT ${rows}`;
  return kind === 'alter table' ? 'ALTER TABLE' : `${kind.toUpperCase()} ${kind === 'insert' ? '0 ' : ''}1`;
}

/** Texts that people write differ in length, and now and then a mail with all that was attached to it is one of them. */
function bytesOf({ query, packed = 1 }: Call, rows: number, random: Random): number {
  const usual = rows * packed * rowBytes(query);
  if (rows === 0 || !query.columns.some(({ name }) => name === 'body')) return usual;
  const attached = random.chance(0.003) ? random.between(100_000, 4_000_000) : 0;
  return Math.round(usual * random.lognormal(1, 1.2 / Math.sqrt(rows * packed)) + attached);
}

function rowBytes({ table, columns }: Query): number {
  return Math.max(12, Math.round((table.rowBytes * (columns.length + 1)) / (table.columns.length + 1)));
}

/** By class: those that a mask changed, and those that went out in the clear. */
function values(query: Query, agent: Agent, rows: number) {
  return {
    masked: countsOf(resultMasks(query, agent), rows),
    revealed: countsOf(revealedColumns(query, agent), rows),
  };
}

function countsOf(columns: readonly Column[], rows: number): Record<string, bigint> {
  const counts: Record<string, bigint> = {};
  if (rows > 0)
    for (const { dataClass } of columns) counts[dataClass] = (counts[dataClass] ?? 0n) + BigInt(rows);
  return counts;
}

/** A look-up compares with a masked column and does not give it back. */
const resultMasks = (query: Query, agent: Agent) =>
  query.shape === 'lookup' ? [] : maskedColumns(query, agent);

const resultColumns = ({ shape, columns }: Query) => (shape === 'lookup' ? columns.slice(1) : columns);

const revealedColumns = (query: Query, { profile }: Agent) =>
  query.kind === 'select'
    ? resultColumns(query).filter(({ dataClass }) => profile.reveals.includes(dataClass))
    : [];

const columnsOf = new Map<string, WeakMap<Query, Uint8Array>>();

/** The result's columns, with mask and class, as the fields of a StatementOutcome; encoded once a query and set of rights. */
export function recordedColumns(query: Query, agent: Agent): Uint8Array {
  const rights = agent.profile.reveals.join();
  let known = columnsOf.get(rights);
  if (!known) columnsOf.set(rights, (known = new WeakMap()));
  let bytes = known.get(query);
  if (!bytes) known.set(query, (bytes = encodeColumns(query, agent)));
  return bytes;
}

function encodeColumns(query: Query, agent: Agent): Uint8Array {
  if (query.kind !== 'select') return new Uint8Array();
  const masked = new Set(resultMasks(query, agent));
  const columns = resultColumns(query).map((column) => ({
    ...{ name: column.name, typeOid: 25, class: column.dataClass },
    mask: masked.has(column) ? (column.dataClass === 'email' ? 'partial' : 'whole') : '',
  }));
  const result = create(ResultChunkSchema, { columns: [{ name: 'id', typeOid: 20 }, ...columns] });
  return toBinary(StatementOutcomeSchema, create(StatementOutcomeSchema, { result }));
}
