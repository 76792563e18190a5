-- id: bulk-read
-- title: More rows of a table than ever
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { rows: 1000, factor: 1.2, pages: 5, quick_pages: 2, pace: 15, new_days: 7, new_pages: 4, known_factor: 3, single: 20000, single_factor: 3, alone: 50, packed_bytes: 300000, packed_row: 4000, newcomer_rows: 20000, newcomer_pages: 40, newcomer_factor: 10, newcomer_bytes: 20000000, newcomer_days: 5 }
-- risk: high
-- explain: "read {rows} rows of {subject} between {first_at} and {last_at:time}, with {queries}, in {runs} statements; usual at this hour: {usual}; own most in an hour of 28 days: {most}; peers: at most {peers_most}; in bytes {bytes_out:bytes}, own most {bytes_most:bytes}"
WITH news AS (
    -- For so many days a query is new: not only in its first hour, or one row of it on the evening before makes it an old one.
    SELECT n.identity AS identity, n.connection AS connection, n.fingerprint AS fingerprint, min(n.first_at) AS first_at
    FROM weir.new_queries AS n
    WHERE n.first_at >= {from:DateTime64(6)} - toIntervalDay({new_days:UInt16}) AND n.first_at < {to:DateTime64(6)}
      -- What came within a day after a deployment is no surprise.
      AND NOT if({changes:String} = 'client', n.after_deployment, n.after_published)
      -- Of these hours only: they are few.
      AND (n.identity, n.fingerprint) IN (SELECT identity, toString(fingerprint) FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
    GROUP BY n.identity, n.connection, n.fingerprint
), reads AS (
    SELECT a.hour AS hour, a.identity AS identity, any(a.identity_kind) AS identity_kind, a.connection AS connection, any(a.on_behalf_of) AS on_behalf_of,
        arrayJoin(a.tables) AS table_name, news.first_at > toDateTime64(a.hour, 6) - toIntervalDay({new_days:UInt16}) AND news.first_at < toDateTime64(a.hour, 6) + INTERVAL 1 HOUR AS is_new,
        -- Each query by itself, and all new ones together (''): each page may have a spelling of its own.
        arrayJoin(if(is_new, [toString(a.fingerprint), ''], [toString(a.fingerprint)])) AS query,
        uniqExact(a.fingerprint) AS spellings, min(news.first_at) < toDateTime64(a.hour, 6) AS is_known,
        sum(a.rows) AS rows_out, sum(a.bytes) AS bytes_out, countIf(a.rows > 0) AS pages_seen, min(a.time) AS first_at, max(a.time) AS last_at,
        groupUniqArray(20)(a.session_id) AS session_ids, arrayMap(x -> x.2, groupArraySorted(20)((-toInt64(a.bytes), a.statement_id))) AS ids
    FROM weir.activity AS a
    LEFT JOIN news ON news.identity = a.identity AND news.connection = a.connection AND news.fingerprint = a.fingerprint
    WHERE a.hour >= {from:DateTime64(6)} AND a.hour < {to:DateTime64(6)} AND a.type = 'StatementOutcome' AND a.fingerprint != ''
      -- What a person approved is no theft of its own.
      AND a.decision != 'hold'
    GROUP BY hour, identity, connection, table_name, is_new, query
    HAVING rows_out >= {rows:UInt64} OR bytes_out >= {packed_bytes:UInt64}
),
-- A backfill, a resync: the usual statements, each larger. Whoever carries a table away asks one query again and again, or new ones, or
-- has the table packed into a row.
rows >= {factor:Float64} * most AND (is_sum AND is_quick AND runs >= {quick_pages:UInt64} OR runs >= {pages:UInt64} AND runs > own.statements_most) AS page_by_page,
is_new AND rows >= if(q.is_known, {known_factor:Float64}, {factor:Float64}) * most AND (runs >= {new_pages:UInt64} OR is_quick AND runs >= {quick_pages:UInt64}) AS by_a_new_query,
(is_new OR is_sum) AND rows >= {single:UInt64} AND rows >= {single_factor:Float64} * most AS all_at_once,
rows >= {alone:Float64} * most AS far_beyond,
-- By all new queries of the table together, where a long text is one row among others; of one statement it must be so much more.
is_sum AND is_packed AND bytes_most > 0 AND bytes_out >= if(runs > 1, {factor:Float64}, {single_factor:Float64}) * bytes_most AS packed,
rows >= {newcomer_rows:UInt64} AND rows > if(runs >= {newcomer_pages:UInt64}, 1, {newcomer_factor:UInt64}) * peers_most
    AND (runs >= {newcomer_pages:UInt64} OR peers_most > 0 OR is_new) AS more_than_peers,
-- Machines that build documents do so from their first night on.
is_packed AND q.on_behalf_of != '' AND bytes_out >= {newcomer_bytes:UInt64} AS packed_by_a_newcomer
SELECT
    q.identity AS identity, q.on_behalf_of AS on_behalf_of, q.connection AS connection, q.table_name AS subject,
    toDateTime64(q.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    q.session_ids AS sessions, q.ids AS statements,
    q.rows_out AS rows, q.bytes_out AS bytes_out, q.pages_seen AS runs, q.spellings AS spellings, q.first_at AS first_at, q.last_at AS last_at,
    q.is_new AND q.query != '' AS is_new, q.is_new AND q.query = '' AS is_sum,
    multiIf(NOT q.is_new, 'one query, which it runs', spellings > 1, concat(toString(spellings), ' queries, which are new to it'), q.is_known, 'one query, which it has run for some days at most', 'one query, which it never ran before') AS queries,
    -- Nobody reads a page in so many seconds; a batch does.
    q.on_behalf_of != '' AND runs > 1 AND dateDiff('second', q.first_at, q.last_at) <= {pace:Float64} * (runs - 1) AS is_quick,
    -- So many bytes a row: many rows of the table were put into it.
    bytes_out >= {packed_bytes:UInt64} AND bytes_out >= {packed_row:UInt64} * greatest(1, rows) AS is_packed,
    own.week_rows[toUInt8((toDayOfWeek(q.hour, 0, {timezone:String}) - 1) * 24 + toHour(q.hour, {timezone:String}))] AS usual,
    whole.rows_most AS most, whole.bytes_most AS bytes_most,
    if(peers.most_by = q.identity, peers.rows_second, peers.rows_most) AS peers_most
FROM reads AS q
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
-- Who has a history is measured by it; a newcomer by its peers.
WHERE if(whole.days >= {newcomer_days:UInt64},
    rows >= {rows:UInt64} AND (page_by_page OR by_a_new_query OR all_at_once OR far_beyond) OR packed,
    more_than_peers OR packed_by_a_newcomer)
-- Of a table's hour one finding: of a query and of all together that which says more.
ORDER BY rows DESC, spellings LIMIT 1 BY q.hour, q.identity, q.connection, q.table_name
