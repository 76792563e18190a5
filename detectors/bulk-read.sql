-- id: bulk-read
-- title: More rows of a table than ever
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { rows: 1000, factor: 1.2, pages: 5, new_pages: 4, quick_pages: 2, pace: 15, single: 20000, single_factor: 3, alone: 50, newcomer_rows: 20000, newcomer_pages: 40, newcomer_factor: 10, newcomer_days: 5 }
-- risk: high
-- explain: "read {rows} rows of {subject} between {first_at} and {last_at:time}, with one query, {kind}, in {runs} statements; usual at this hour: {usual}; own most in an hour of 28 days: {most}; peers: at most {peers_most}"
WITH reads AS (
    SELECT hour, identity, any(identity_kind) AS identity_kind, connection, fingerprint, any(on_behalf_of) AS on_behalf_of, arrayJoin(tables) AS table_name, sum(a.rows) AS rows_out,
        countIf(a.rows > 0) AS pages_seen, min(time) AS first_at, max(time) AS last_at, groupUniqArray(20)(session_id) AS session_ids,
        arrayMap(x -> x.2, groupArraySorted(20)((-toInt64(a.rows), statement_id))) AS ids
    FROM weir.activity AS a
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND type = 'StatementOutcome' AND fingerprint != ''
      -- What a person approved is no theft of its own.
      AND decision != 'hold'
    GROUP BY hour, identity, connection, fingerprint, table_name
    HAVING rows_out >= {rows:UInt64}
)
SELECT
    q.identity AS identity, q.on_behalf_of AS on_behalf_of, q.connection AS connection, q.table_name AS subject,
    toDateTime64(q.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    q.session_ids AS sessions, q.ids AS statements,
    q.rows_out AS rows, q.pages_seen AS runs, q.first_at AS first_at, q.last_at AS last_at,
    -- A query of a deployment of the day is no surprise.
    news.first_at >= toDateTime64(q.hour, 6) AND NOT arrayExists(b -> b <= news.first_at AND b > news.first_at - toIntervalDay(1), built.builds) AS is_new,
    if(is_new, 'which it never ran before', 'which it runs') AS kind,
    -- Nobody reads a page in so many seconds; a batch does.
    q.on_behalf_of != '' AND runs > 1 AND dateDiff('second', q.first_at, q.last_at) <= {pace:Float64} * (runs - 1) AS is_quick,
    own.week_rows[toUInt8((toDayOfWeek(q.hour, 0, {timezone:String}) - 1) * 24 + toHour(q.hour, {timezone:String}))] AS usual,
    whole.rows_most AS most,
    if(peers.most_by = q.identity, peers.rows_second, peers.rows_most) AS peers_most
FROM reads AS q
LEFT JOIN (
    SELECT identity, connection, value, first_at FROM weir.first_uses
    WHERE kind = 'fingerprint' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)}
) AS news ON news.identity = q.identity AND news.connection = q.connection AND news.value = q.fingerprint
LEFT JOIN (
    SELECT identity, groupArrayIf(first_at, kind = 'reference') AS changes, if(notEmpty(changes), changes, groupArray(first_at)) AS builds FROM weir.first_uses
    WHERE kind IN ('reference', 'image') AND value != '' AND first_at >= {from:DateTime64(6)} - toIntervalDay(2) AND first_at < {to:DateTime64(6)} GROUP BY identity
) AS built ON built.identity = q.identity
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'identity' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS own ON own.day = toDate(q.hour) AND own.identity = q.identity AND own.connection = q.connection AND own.table_name = q.table_name
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(q.hour) AND whole.identity = q.identity
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'peers' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS peers ON peers.day = toDate(q.hour) AND peers.identity_kind = q.identity_kind AND peers.connection = q.connection
    AND peers.peer_group = whole.peer_group AND peers.table_name = q.table_name
-- A backfill, a resync: the usual statements, each larger. Whoever carries a table away asks one query again and again. Who has a
-- history is measured by it; a newcomer by its peers.
WHERE if(whole.days >= {newcomer_days:UInt64},
    rows >= {factor:Float64} * most AND (is_new AND (runs >= {new_pages:UInt64} OR is_quick AND runs >= {quick_pages:UInt64}) OR runs >= {pages:UInt64} AND runs > own.statements_most)
      -- All at once.
      OR is_new AND rows >= {single:UInt64} AND rows >= {single_factor:Float64} * most OR rows >= {alone:Float64} * most,
    rows >= {newcomer_rows:UInt64} AND rows > if(runs >= {newcomer_pages:UInt64}, 1, {newcomer_factor:UInt64}) * peers_most
      AND (runs >= {newcomer_pages:UInt64} OR peers_most > 0 OR is_new))
