import type { ClickHouseClient } from '#audit-store';

const dayMs = 86_400_000;
/** Of a session: its start, twelve statements with their outcomes, its end. */
const eventsPerSession = 26;
/** One in so many agents makes up its queries: each is new. */
const inventors = 5;

export interface HistoryOptions {
  readonly events: number;
  readonly days: number;
  /** Where it ends. Milliseconds since the epoch. */
  readonly to: number;
  readonly offset: number;
  /** Whether it says that it was stored when it happened, or now. */
  readonly stored: 'then' | 'now';
}

/**
 * Sessions made by the engine itself, as ingest would have stored them: evenly over some days, by day and night. 200 agents, each
 * on a connection of twelve, with four tables of forty and 48 queries of its own (of one in five: each query a new one), always from
 * the same place. The more events, the more of them in each hour. Offsets go on from `offset`; returns the next one.
 */
export async function seedHistory(client: ClickHouseClient, options: HistoryOptions): Promise<number> {
  const { events, days, to, offset, stored } = options;
  const sessions = Math.max(1, Math.round(events / eventsPerSession));
  const begin = (to - days * dayMs) * 1000;
  await client.command({
    query: `
    INSERT INTO weir.session_event_rows (topic, partition, offset, logged_at, ingested_at, event_id, type, source, time, session_id,
      seq, identity, identity_kind, connection, protocol, source_address, client_program, client_user, statement_id, text_hash,
      fingerprint, kinds, tables_read, decision, status, rows, bytes, duration_us, masked, end_reason, payload)
    SELECT 'weir.session.v1', 0, ${offset} + number, time, ${stored === 'now' ? 'now64(3)' : 'time'}, concat('evt_', toString(${offset} + number)),
      multiIf(seq = 1, 'SessionStarted', seq = ${eventsPerSession}, 'SessionEnded', seq % 2 = 0, 'StatementReceived', 'StatementOutcome') AS type,
      'proxy/seed',
      fromUnixTimestamp64Micro(toInt64(${begin} + intDiv(n * ${days * dayMs * 1000}, ${sessions}) + seq * 20000), 'UTC') AS time,
      concat('ses_', leftPad(toString(${offset} + n * ${eventsPerSession}), 26, '0')), number % ${eventsPerSession} + 1 AS seq,
      concat('corp:agent-', toString(agent)), 'agent', concat('db-', toString(agent % 12)), 'postgres',
      concat('10.0.0.', toString(agent), ':5000'), 'psql', 'agent',
      if(type IN ('StatementReceived', 'StatementOutcome'), concat('s', toString(${offset} + n), '-', toString(intDiv(seq, 2))), '') AS statement,
      if(type = 'StatementReceived', toString(cityHash64(n, seq)), ''),
      if(type = 'StatementReceived', toString(if(agent % ${inventors} = 0, cityHash64(${offset}, n, seq), cityHash64(agent, n % 4, seq))), ''), if(type = 'StatementReceived', ['select'], []),
      if(type = 'StatementReceived', [concat('public.t', toString((agent * 7 + (n + seq) % 4) % 40))], []),
      if(type = 'StatementReceived', 'allow', ''), if(type = 'StatementOutcome', 'ok', ''),
      if(type = 'StatementOutcome', cityHash64(n, seq) % 200, 0) AS rows, rows * 100, if(type = 'StatementOutcome', 20000, 0),
      if(type = 'StatementOutcome' AND n % 4 = 0, map('email', rows), map()), if(type = 'SessionEnded', 'terminated', ''), '{}'
    FROM (SELECT number, intDiv(number, ${eventsPerSession}) AS n, cityHash64(n) % 200 AS agent FROM numbers(${sessions * eventsPerSession}))
    SETTINGS max_insert_threads = 1, max_threads = 2, max_partitions_per_insert_block = 0, async_insert = 0`,
  });
  return offset + sessions * eventsPerSession;
}
