/*
 * What every panel's SQL begins with. A view that groups (`statements`, `sessions`) is computed whole before a filter by
 * time can leave anything out, so panels read `session_events`, of which the index over `time` leaves the panel's time.
 */
export const inTime = '$__timeFilter(time)';

/** One connection, several, or all: names of connections have no quotes. */
const byConnection = '$__conditionalAll(connection IN (${connection:singlequote}), $connection)';
/** Whatever an identity is called: an identity provider may put quotes and backslashes into names, `:singlequote` lets the latter through. */
export const byIdentity =
  "$__conditionalAll(identity = decodeURLComponent('${identity:percentencode}'), $identity)";

/** What the dashboard's variables leave. */
export const chosen = `${byIdentity} AND ${byConnection}`;

export type SessionEventType =
  'SessionStarted' | 'StatementReceived' | 'HoldResolved' | 'StatementOutcome' | 'SessionEnded';

/** Events of sessions of some types, in the panel's time, of the chosen identity and connections. */
export const sessionEvents = (...types: readonly SessionEventType[]): string =>
  `FROM session_events\nWHERE ${oneOf(types)} AND ${inTime}\n  AND ${chosen}`;

/** Everything of sessions in the panel's time, of the chosen ones. */
export const allSessionEvents = `FROM session_events\nWHERE ${inTime}\n  AND ${chosen}`;

/** Events of another topic, of all identities. */
export const controlEvents = (topic: string): string =>
  `FROM control_events\nWHERE topic = '${topic}' AND ${inTime}`;

/** One row a statement of which something happened in the panel's time; `columns` are aggregates over its events. */
export const byStatement = (columns: string): string =>
  `SELECT session_id, statement_id, ${columns}\n${sessionEvents('StatementReceived', 'HoldResolved', 'StatementOutcome')}\nGROUP BY session_id, statement_id`;

/** Values that a mask changed, of one outcome. */
export const maskedValues = 'arraySum(mapValues(masked))';

/** What has become of a request, of its events; a yes that no longer counts is none, and some requests want several. */
export const requestState = `multiIf(countIf(type = 'ApprovalConsumed') > 0, 'consumed',
    countIf(type = 'ApprovalExpired') > 0, 'expired', countIf(type = 'ApprovalWithdrawn') > 0, 'withdrawn',
    countIf(decision = 'deny') > 0, 'denied',
    toInt64(countIf(decision = 'approve')) - toInt64(countIf(type = 'ApprovalDecisionVoided'))
      >= greatest(maxIf(JSONExtractInt(payload, 'quorum'), type = 'ApprovalRequested'), 1), 'approved', 'pending')`;

function oneOf(types: readonly SessionEventType[]): string {
  const [only, ...others] = types.map((type) => `'${type}'`);
  return others.length === 0 ? `type = ${only}` : `type IN (${[only, ...others].join(', ')})`;
}
