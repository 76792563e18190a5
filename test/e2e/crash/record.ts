import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/house.js';
import type { Cluster } from './cluster.js';

/** A statement in the audit store. */
export interface Recorded {
  readonly session: string;
  readonly seq: number;
  readonly application: string;
  /** SHA-256 of the exact text, and the parameters as one text. */
  readonly key: string;
  readonly statementId: string;
  readonly parameters: readonly (string | null)[];
  readonly text: string;
  readonly decision: string;
  /** Of its outcome; empty: none. */
  status: string;
}

interface Row {
  readonly session_id: string;
  readonly seq: string;
  readonly type: string;
  readonly statement_id: string;
  readonly client_program: string;
  readonly text: string;
  readonly text_hash: string;
  readonly parameters: (string | null)[];
  readonly decision: string;
  readonly status: string;
}

export interface SessionEnd {
  readonly session_id: string;
  readonly client_program: string;
  readonly end_reason: string;
}

/** Rows of one answer: an auditor gets ten thousand at most. */
const page = 10_000;

/** Every statement of the agents' sessions, from `session_events`, in the order of sessions and their events. */
export async function readRecord(cluster: Cluster): Promise<Recorded[]> {
  const found: Recorded[] = [];
  const outcomes = new Map<string, string>();
  for await (const row of rows(cluster)) {
    if (row.type === 'StatementOutcome') outcomes.set(row.statement_id, row.status);
    else
      found.push({
        ...{ session: row.session_id, seq: Number(row.seq), application: row.client_program },
        ...{ key: keyOf(row.text_hash, row.parameters), statementId: row.statement_id, text: row.text },
        ...{ parameters: row.parameters, decision: row.decision, status: '' },
      });
  }
  for (const each of found) each.status = outcomes.get(each.statementId) ?? '';
  return found;
}

export const keyOf = (hash: string, parameters: readonly (string | null)[]): string =>
  `${hash} ${parameters.join()}`;

async function* rows(cluster: Cluster): AsyncGenerator<Row> {
  for (let [session, seq] = ['', '0']; ;) {
    const some = await cluster.sql<Row>(
      `select session_id, toString(seq) as seq, type, statement_id, client_program, text, text_hash, parameters,
         decision, status
       from session_events where type in ('StatementReceived', 'StatementOutcome')
         and (session_id > '${session}' or session_id = '${session}' and session_events.seq > ${seq})
       order by session_id, session_events.seq limit ${page}`,
    );
    yield* some;
    const last = some.at(-1);
    if (!last || some.length < page) return;
    [session, seq] = [last.session_id, last.seq];
  }
}

/** What is wrong with sessions as such: gaps, repetitions, dead letters; none of that may be. */
export async function wrongSessions(cluster: Cluster): Promise<unknown[]> {
  const gaps = await cluster.sql(
    `select session_id, count() as events, uniqExact(seq) as places, min(seq) as first, max(seq) as last
     from session_events group by session_id
     having events != places or first != 1 or last != events order by session_id limit 20`,
  );
  const twice = await cluster.sql(
    `select statement_id, type, count() as n from session_events
     where type in ('StatementReceived', 'StatementOutcome')
     group by statement_id, type having n > 1 limit 20`,
  );
  const missing = await cluster.sql('select session_id, missing from sessions where missing != 0 limit 20');
  const dead = await cluster.sql('select session_id, seq, reason from dead_letters limit 20');
  return [...gaps, ...twice, ...missing, ...dead];
}

export async function sessionEnds(cluster: Cluster): Promise<SessionEnd[]> {
  const ends: SessionEnd[] = [];
  for (let last = ''; ;) {
    const some = await cluster.sql<SessionEnd>(
      `select session_id, client_program, end_reason from sessions where session_id > '${last}'
       order by session_id limit ${page}`,
    );
    ends.push(...some);
    if (some.length < page) return ends;
    last = some.at(-1)!.session_id;
  }
}

/** Once every session has its end in the store and nothing more comes for two seconds. */
export async function settled(cluster: Cluster, timeoutMs = 120_000): Promise<void> {
  let last = -1;
  await eventually(async () => {
    const [now] = await cluster.sql<{ open: string; events: string }>(
      'select countIf(ended_at is null) as open, sum(events) as events from sessions',
    );
    const before = last;
    last = Number(now!.events);
    if (Number(now!.open) > 0 || last !== before) {
      await sleep(2_000);
      return false;
    }
    return true;
  }, timeoutMs);
}
