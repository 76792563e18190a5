-- id: enumeration
-- title: One question, asked for one value after another
-- severity: high
-- technique: T1087
-- schedule: stream
-- parameters: { statements_least: 80, factor: 1.5, pace: 10, rows_each: 50, newcomer_statements: 300, newcomer_days: 7 }
-- risk: high
-- explain: "asked {subject} one question {runs} times between {first_at} and {last_at:time}, every {every} seconds, with {values_seen} sets of values that the record shows; own most statements there in an hour of 28 days: {most}; peers: at most {peers_most} values"
SELECT
    q.identity AS identity, q.on_behalf_of AS on_behalf_of, q.connection AS connection, q.table_name AS subject,
    toDateTime64(q.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    q.session_ids AS sessions, q.ids AS statements,
    q.runs AS statements_seen, q.runs AS runs, q.values_seen AS values_seen, q.first_at AS first_at, q.last_at AS last_at,
    round(dateDiff('millisecond', q.first_at, q.last_at) / 1000 / q.runs, 1) AS every,
    own.statements_most AS most, peers.predicates_most AS peers_most
FROM (
    -- Values of masked columns are not in the record, so that runs count, not what differs in them.
    SELECT hour, identity, any(a.identity_kind) AS identity_kind, connection, fingerprint, any(a.on_behalf_of) AS on_behalf_of, any(arrayElement(tables, 1)) AS table_name,
        count() AS runs, uniqExact(predicate) AS values_seen, min(time) AS first_at, max(time) AS last_at,
        groupUniqArray(20)(session_id) AS session_ids, groupUniqArray(20)(statement_id) AS ids
    FROM weir.activity AS a
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND type = 'StatementOutcome' AND status NOT IN ('denied', 'held', 'error')
      AND fingerprint != '' AND empty(tables_written)
    GROUP BY hour, identity, connection, fingerprint
    HAVING runs >= {statements_least:UInt64} AND max(a.rows) <= {rows_each:UInt64}
) AS q
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'identity' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS own ON own.day = toDate(q.hour) AND own.identity = q.identity AND own.connection = q.connection AND own.table_name = q.table_name
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'peers' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS peers ON peers.day = toDate(q.hour) AND peers.identity_kind = q.identity_kind AND peers.connection = q.connection
    AND peers.table_name = q.table_name
LEFT JOIN (
    SELECT day, identity, days FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(q.hour) AND whole.identity = q.identity
WHERE every <= {pace:Float64} AND runs >= {factor:Float64} * most
  AND (whole.days >= {newcomer_days:UInt64} OR runs >= {newcomer_statements:UInt64})
