-- id: enumeration
-- title: One question, asked for one value after another
-- severity: high
-- technique: T1087
-- schedule: stream
-- parameters: { statements_least: 80, factor: 1.5, pace: 10, rows_each: 50, new_statements: 30, new_pace: 25, new_rows_each: 2000, new_days: 7, spelled_statements: 60, newcomer_statements: 300, newcomer_days: 7 }
-- risk: high
-- explain: "asked {subject} {questions} {runs} times between {first_at} and {last_at:time}, every {every} seconds, with {values_seen} sets of values that the record shows; own most statements there in an hour of 28 days: {most}; peers: at most {peers_most} values"
WITH news AS (
    SELECT n.identity AS identity, n.connection AS connection, n.fingerprint AS fingerprint, min(n.first_at) AS first_at
    FROM weir.new_queries AS n
    WHERE n.first_at >= {from:DateTime64(6)} - toIntervalDay({new_days:UInt16}) AND n.first_at < {to:DateTime64(6)}
      AND NOT if({changes:String} = 'client', n.after_deployment, n.after_published)
      AND (n.identity, n.fingerprint) IN (SELECT identity, toString(fingerprint) FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
    GROUP BY n.identity, n.connection, n.fingerprint
), asked AS (
    SELECT a.hour AS hour, a.identity AS identity, a.identity_kind AS identity_kind, a.connection AS connection, a.on_behalf_of AS on_behalf_of,
        a.fingerprint AS fingerprint, a.predicate AS predicate, a.time AS time, a.rows AS rows, a.session_id AS session_id, a.statement_id AS statement_id,
        -- For days: who asks once, and comes back, asks no usual question.
        news.first_at >= toDateTime64(a.hour, 6) - toIntervalDay({new_days:UInt16}) AS is_new,
        -- A catalog counts only where nothing else is read.
        arrayFilter(t -> t NOT LIKE 'pg_catalog.%' AND t NOT LIKE 'information_schema.%', a.tables) AS named,
        -- Each question by itself, and all new ones of a table together (''): each value may have a spelling of its own.
        arrayJoin(arrayConcat([(toString(a.fingerprint), toString(arrayConcat(named, a.tables)[1]))], if(is_new, arrayMap(t -> ('', toString(t)), named), []))) AS what
    FROM weir.activity AS a
    LEFT JOIN news ON news.identity = a.identity AND news.connection = a.connection AND news.fingerprint = a.fingerprint
    WHERE a.hour >= {from:DateTime64(6)} AND a.hour < {to:DateTime64(6)} AND a.type = 'StatementOutcome' AND a.status NOT IN ('denied', 'held')
      -- One that fails after its row has given it away.
      AND (a.status != 'error' OR a.rows > 0)
      -- What writes, and answers with what was there, reads, too.
      AND a.fingerprint != '' AND (empty(a.tables_written) OR a.rows > 0 AND NOT has(a.kinds, 'insert')) AND a.rows <= {new_rows_each:UInt64}
), reads AS (
    -- Values of masked columns are not in the record, so that runs count, not what differs in them. Those that get few rows: others between
    -- them change nothing.
    SELECT hour, identity, any(a.identity_kind) AS identity_kind, connection, any(a.on_behalf_of) AS on_behalf_of, is_new, a.what.1 AS query, a.what.2 AS table_name,
        uniqExact(a.fingerprint) AS spellings, count() AS smalls, countIf(a.rows <= {rows_each:UInt64}) AS singles, uniqExact(a.predicate) AS values_seen,
        min(a.time) AS first_at, max(a.time) AS last_at, arrayPopFront(arrayDifference(arraySort(groupArray(toUnixTimestamp64Milli(a.time))))) AS gaps,
        groupUniqArray(20)(a.session_id) AS session_ids, groupUniqArray(20)(a.statement_id) AS ids
    FROM asked AS a
    GROUP BY hour, identity, connection, is_new, query, table_name
    HAVING smalls >= {new_statements:UInt64} AND (query != '' OR spellings > 1)
)
SELECT
    q.identity AS identity, q.on_behalf_of AS on_behalf_of, q.connection AS connection, q.table_name AS subject,
    toDateTime64(q.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    q.session_ids AS sessions, q.ids AS statements,
    q.smalls AS runs, q.spellings AS spellings, q.values_seen AS values_seen, q.first_at AS first_at, q.last_at AS last_at,
    -- As a rule: what it asks at other times of the hour does not slow it down.
    round(arraySort(q.gaps)[intDiv(length(q.gaps) + 1, 2)] / 1000, 1) AS every,
    q.is_new AS is_new, q.query = '' AS is_sum,
    multiIf(is_sum, concat(toString(spellings), ' questions, which it never asked before,'), q.is_new, 'one question, which it never asked before,', 'one question, which it asks,') AS questions,
    own.statements_most AS most, peers.predicates_most AS peers_most
FROM reads AS q
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
      -- What it never asked, and nothing that was deployed asks; who makes up questions all day asks as many of a table on no other day.
      OR is_new AND every <= {new_pace:Float64} AND q.table_name NOT LIKE 'pg_catalog.%' AND q.table_name NOT LIKE 'information_schema.%'
        AND (NOT is_sum OR q.smalls >= {spelled_statements:UInt64} AND q.smalls >= {factor:Float64} * most),
    q.singles >= {newcomer_statements:UInt64} AND every <= {pace:Float64})
-- Of a table's hour one finding: of a question and of all new ones together that which says more.
ORDER BY runs DESC, spellings LIMIT 1 BY q.hour, q.identity, q.connection, q.table_name
