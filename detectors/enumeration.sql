-- id: enumeration
-- title: One question, asked for one value after another
-- severity: high
-- technique: T1087
-- schedule: stream
-- parameters: { statements_least: 80, factor: 1.5, pace: 10, rows_each: 50, new_statements: 30, new_pace: 25, new_rows_each: 2000, new_days: 7, newcomer_statements: 300, newcomer_days: 7 }
-- risk: high
-- explain: "asked {subject} one question, {kind}, {runs} times between {first_at} and {last_at:time}, every {every} seconds, with {values_seen} sets of values that the record shows; own most statements there in an hour of 28 days: {most}; peers: at most {peers_most} values"
SELECT
    q.identity AS identity, q.on_behalf_of AS on_behalf_of, q.connection AS connection, q.table_name AS subject,
    toDateTime64(q.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    q.session_ids AS sessions, q.ids AS statements,
    q.smalls AS statements_seen, q.smalls AS runs, q.values_seen AS values_seen, q.first_at AS first_at, q.last_at AS last_at,
    -- As a rule: what it asks at other times of the hour does not slow it down.
    round(arraySort(q.gaps)[intDiv(length(q.gaps) + 1, 2)] / 1000, 1) AS every,
    -- For days: who asks once, and comes back, asks no usual question.
    news.first_at >= toDateTime64(q.hour, 6) - toIntervalDay({new_days:UInt16}) AND NOT arrayExists(b -> b <= news.first_at AND b > news.first_at - toIntervalDay(1), built.builds) AS is_new,
    if(is_new, 'which it never asked before', 'which it asks') AS kind,
    own.statements_most AS most, peers.predicates_most AS peers_most
FROM (
    -- Values of masked columns are not in the record, so that runs count, not what differs in them. Those that get few rows: others between
    -- them change nothing.
    SELECT hour, identity, any(a.identity_kind) AS identity_kind, connection, fingerprint, any(a.on_behalf_of) AS on_behalf_of, any(arrayElement(tables, 1)) AS table_name,
        count() AS smalls, countIf(a.rows <= {rows_each:UInt64}) AS singles, uniqExact(predicate) AS values_seen, min(time) AS first_at, max(time) AS last_at,
        arrayPopFront(arrayDifference(arraySort(groupArray(toUnixTimestamp64Milli(time))))) AS gaps,
        groupUniqArray(20)(session_id) AS session_ids, groupUniqArray(20)(statement_id) AS ids
    FROM weir.activity AS a
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND type = 'StatementOutcome' AND status NOT IN ('denied', 'held')
      -- One that fails after its row has given it away.
      AND (status != 'error' OR a.rows > 0)
      AND fingerprint != '' AND empty(tables_written) AND a.rows <= {new_rows_each:UInt64}
    GROUP BY hour, identity, connection, fingerprint
    HAVING smalls >= {new_statements:UInt64}
) AS q
LEFT JOIN (
    SELECT identity, connection, value, first_at FROM weir.first_uses
    WHERE kind = 'fingerprint' AND first_at >= {from:DateTime64(6)} - toIntervalDay({new_days:UInt16}) AND first_at < {to:DateTime64(6)}
) AS news ON news.identity = q.identity AND news.connection = q.connection AND news.value = q.fingerprint
LEFT JOIN (
    SELECT identity, groupArray(at) AS builds FROM weir.deployments
    WHERE ({changes:String} = 'client' OR published) AND at >= {from:DateTime64(6)} - toIntervalDay(1 + {new_days:UInt16}) AND at < {to:DateTime64(6)} GROUP BY identity
) AS built ON built.identity = q.identity
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'identity' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS own ON own.day = toDate(q.hour) AND own.identity = q.identity AND own.connection = q.connection AND own.table_name = q.table_name
LEFT JOIN (
    SELECT day, identity, days, peer_group FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(q.hour) AND whole.identity = q.identity
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'peers' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS peers ON peers.day = toDate(q.hour) AND peers.identity_kind = q.identity_kind AND peers.connection = q.connection
    AND peers.peer_group = whole.peer_group AND peers.table_name = q.table_name
WHERE if(whole.days >= {newcomer_days:UInt64},
    q.singles >= {statements_least:UInt64} AND every <= {pace:Float64} AND q.singles >= {factor:Float64} * most
      -- What it never asked, and nothing that was deployed asks.
      OR is_new AND every <= {new_pace:Float64} AND q.table_name NOT LIKE 'pg_catalog.%' AND q.table_name NOT LIKE 'information_schema.%',
    q.singles >= {newcomer_statements:UInt64} AND every <= {pace:Float64})
