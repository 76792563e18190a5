import type { ErrorCode } from '#kernel';
import { Counts, Readings, Spread, type Count } from '#platform';
import type { Execution, ExecutionDetails, HoldAnswer, Outcome } from './gate.js';

/* What the gate counts. A statement adds to numbers that are looked up by short strings, all of closed lists: no label
   is a text, an identity or anything else that a client can make up. Nothing is counted by row. */

const sessions = new Counts({
  ...{ name: 'weir_sessions_total', help: 'Sessions that ended, by connection and how' },
  labels: ['connection', 'end'],
});
const statements = new Counts({
  ...{ name: 'weir_statements_total', help: 'Statements decided, by decision and kind' },
  labels: ['decision', 'kind'],
});
const outcomes = new Counts({
  ...{ name: 'weir_statement_outcomes_total', help: 'What became of statements' },
  labels: ['status'],
});
const masked = new Counts({
  ...{ name: 'weir_masked_values_total', help: 'Values that clients got masked, by data class' },
  labels: ['class'],
});
const refusals = new Counts({
  ...{ name: 'weir_refusals_total', help: 'Errors that clients were told, by code' },
  labels: ['code'],
});
const signIns = new Counts({
  ...{ name: 'weir_gate_auth_failures_total', help: 'Tokens that the gate did not take, by code' },
  labels: ['code'],
});
const holds = new Counts({
  ...{ name: 'weir_holds_total', help: 'Statements that were held, by what came of it' },
  labels: ['outcome'],
});
const rows = new Counts({ name: 'weir_client_rows_total', help: 'Rows that clients got' }).of();
const bytes = new Counts({
  name: 'weir_client_result_bytes_total',
  help: 'Bytes of rows that clients got',
}).of();

const seconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
const latency = new Spread(
  { name: 'weir_gate_latency_seconds', help: 'From reading of a client to sending to its target' },
  seconds,
);
const durations = new Spread(
  { name: 'weir_statement_seconds', help: 'From the record of a statement to the end of its answer' },
  seconds,
);
/** Of all gates of this process. */
let waiting = 0;
const nothing: readonly string[] = [];
new Readings({ name: 'weir_holds_waiting', help: 'Statements that wait for a person now' }).add(() => [
  [nothing, waiting],
]);
const open = new Readings({
  ...{ name: 'weir_sessions_open', help: 'Sessions that are open now' },
  labels: ['connection'],
});

const statuses: Record<Outcome['status'], Count> = {
  ok: outcomes.of('ok'),
  error: outcomes.of('error'),
  denied: outcomes.of('denied'),
  held: outcomes.of('held'),
  cancelled: outcomes.of('cancelled'),
  suspended: outcomes.of('suspended'),
  over_budget: outcomes.of('over_budget'),
  skipped: outcomes.of('skipped'),
  unknown: outcomes.of('unknown'),
};

/** By kind; the kinds are the parser's, a closed list. */
const decided = {
  allow: new Map<string, Count>(),
  deny: new Map<string, Count>(),
  hold: new Map<string, Count>(),
};

export function countStatement({ judgement }: Execution, details: ExecutionDetails): void {
  const decision = details.decision ?? judgement.verdict.decision;
  const { statements: parsed } = judgement.analysis;
  const kind = parsed.length === 1 ? parsed[0]!.kind : parsed.length === 0 ? 'none' : 'several';
  let count = decided[decision].get(kind);
  if (!count) decided[decision].set(kind, (count = statements.of(decision, kind)));
  count.value++;
}

export function countOutcome(outcome: Outcome, durationUs: number): void {
  statuses[outcome.status].value++;
  durations.observe(durationUs / 1e6);
  if (outcome.rows) rows.value += outcome.rows;
  if (outcome.bytes) bytes.value += outcome.bytes;
  if (outcome.masked) for (const [name, values] of outcome.masked) masked.of(name).value += values;
}

export function countRefusal(code: ErrorCode): void {
  refusals.of(code).value++;
}

export function countAuthFailure(code: ErrorCode): void {
  signIns.of(code).value++;
}

export function observeLatency(ms: number): void {
  latency.observe(ms / 1000);
}

/** Counts one that waits until `wait` is over. */
export async function countHold(wait: Promise<HoldAnswer>): Promise<HoldAnswer> {
  waiting++;
  try {
    const answer = await wait;
    holds.of(answer.outcome).value++;
    return answer;
  } catch (error) {
    holds.of('error').value++;
    throw error;
  } finally {
    waiting--;
  }
}

/** Connections that had a session. */
const connected = new Set<string>();

/** What stands before a colon in a session's reason is ours; what stands behind it may be anybody's. */
const ends = new Set([
  'terminated',
  'client gone',
  'target gone',
  'ended',
  'error',
  'not connected',
  'not recorded',
]);

export function countEnd(connection: string, reason: string): void {
  const end = reason.split(':', 1)[0] ?? '';
  connected.add(connection);
  sessions.of(connection, ends.has(end) ? end : 'other').value++;
}

/** `connections`: of each open session its own. Returns what ends the reading. */
export function readOpenSessions(connections: () => Iterable<string>): () => void {
  return open.add(() => {
    // A connection that has none now shows 0: a series that vanishes is no number.
    const counts = new Map([...connected].map((name) => [name, 0]));
    for (const name of connections()) counts.set(name, (counts.get(name) ?? 0) + 1);
    return [...counts].map(([name, count]) => [[name], count]);
  });
}
