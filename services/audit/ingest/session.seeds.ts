import {
  emptySummary,
  envelopeOf,
  unknownSession,
  type SessionBook,
  type SessionColumns,
  type SessionEntry,
} from '#audit-rows';
import { database, storageTables, type ClickHouseClient } from '#audit-store';
import type { LoggedEvent } from '#event-log';
import { loadSummaries, summarizeAgain } from './session.summaries.js';
import type { TableTurn } from './table.turn.js';

const table = `${database}.${storageTables.sessionEvents}`;

const mostTries = 5;

type SeedRow = SessionColumns & { readonly session_id: string; readonly high_water: string };

/** Fills the book, from the store, with the sessions of a batch that it does not hold. */
export async function loadSeeds(
  client: ClickHouseClient,
  book: SessionBook,
  events: readonly LoggedEvent[],
  turn: TableTurn,
): Promise<void> {
  const missing = [...new Set(events.map((event) => envelopeOf(event)?.subject ?? ''))].filter(
    (id) => id !== '' && !book.has(id),
  );
  if (missing.length === 0) return;
  for (const id of missing) book.set(id, unknownSession());
  const known = await loadWhole(client, book, missing, turn);
  await readFormats(client, book, known);
}

/**
 * Whoever had the partition before may still write its last batch: events first, then what their sessions come to. Between
 * the two, a session would be counted on from a summary that lacks events. So what differs is summed up and read again.
 */
async function loadWhole(
  client: ClickHouseClient,
  book: SessionBook,
  missing: readonly string[],
  turn: TableTurn,
): Promise<string[]> {
  const known: string[] = [];
  for (let ids = missing, tries = 1; ids.length > 0; tries++) {
    if (tries > mostTries) throw new Error('sessions are written to by another process');
    const seeds = await readSeeds(client, ids);
    for (const seed of seeds) book.set(seed.session_id, entryOf(seed));
    const found = seeds.map(({ session_id }) => session_id);
    await loadSummaries(client, book, found);
    ids = found.filter((id) => BigInt(book.get(id).summary.lastSeq) !== book.get(id).highWater);
    known.push(...found.filter((id) => !ids.includes(id)));
    await summarizeAgain(client, ids, turn);
  }
  return known;
}

async function readSeeds(client: ClickHouseClient, ids: readonly string[]): Promise<SeedRow[]> {
  const answer = await client.query({
    query: `
      SELECT session_id, toString(max(seq)) AS high_water, max(identity) AS identity,
        max(identity_kind) AS identity_kind, max(on_behalf_of) AS on_behalf_of, max(connection) AS connection,
        max(protocol) AS protocol, max(source_address) AS source_address,
        max(client_program) AS client_program, max(client_user) AS client_user
      FROM ${table} WHERE session_id IN {ids: Array(String)} GROUP BY session_id`,
    query_params: { ids },
    format: 'JSONEachRow',
  });
  return answer.json<SeedRow>();
}

/** Who has these sessions, of those that the store knows. */
export async function readSessionColumns(
  client: ClickHouseClient,
  ids: readonly string[],
): Promise<{ readonly session_id: string; readonly who: SessionColumns }[]> {
  const seeds = await readSeeds(client, ids);
  return seeds.map((seed) => ({ session_id: seed.session_id, who: entryOf(seed).who }));
}

/** A result may be half recorded: its columns' formats stand on a chunk that is stored already. */
async function readFormats(
  client: ClickHouseClient,
  book: SessionBook,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const answer = await client.query({
    query: `
      SELECT session_id, argMax(payload, seq) AS latest FROM ${table}
      WHERE session_id IN {ids: Array(String)} AND type IN ('ResultChunk', 'StatementOutcome')
        AND (JSONHas(payload, 'columns') OR JSONHas(payload, 'result', 'columns'))
      GROUP BY session_id`,
    query_params: { ids },
    format: 'JSONEachRow',
  });
  for (const { session_id, latest } of await answer.json<{ session_id: string; latest: string }>())
    book.get(session_id).resultFormats = formatsOf(latest);
}

interface ChunkJson {
  readonly columns?: readonly { readonly format?: number }[];
  readonly result?: ChunkJson;
}

function formatsOf(payload: string): number[] {
  const json = JSON.parse(payload) as ChunkJson;
  return ((json.result ?? json).columns ?? []).map(({ format }) => format ?? 0);
}

function entryOf(row: SeedRow): SessionEntry {
  const { identity, identity_kind, on_behalf_of, connection } = row;
  const { protocol, source_address, client_program, client_user } = row;
  const who = {
    identity,
    identity_kind,
    on_behalf_of,
    connection,
    protocol,
    source_address,
    client_program,
    client_user,
  };
  return { highWater: BigInt(row.high_water), who, resultFormats: [], summary: emptySummary() };
}
