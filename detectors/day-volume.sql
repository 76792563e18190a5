-- id: day-volume
-- title: More rows of a table in a day than ever
-- severity: high
-- technique: T1030
-- schedule: day
-- learning: 14
-- parameters: { rows: 10000, factor: 2, hours: 3, new_days: 7 }
-- risk: high
-- explain: "read {rows} rows of {subject} in {hours_seen} hours of a day, with {queries}, in {runs} statements; own most of all tables in a day of 28 days: {most}"
WITH news AS (
    -- As in bulk-read: for days, and not what a deployment brought.
    SELECT n.identity AS identity, n.connection AS connection, n.fingerprint AS fingerprint, min(n.first_at) AS first_at
    FROM weir.new_queries AS n
    WHERE n.first_at >= {from:DateTime64(6)} - toIntervalDay({new_days:UInt16}) AND n.first_at < {to:DateTime64(6)}
      AND NOT if({changes:String} = 'client', n.after_deployment, n.after_published)
      AND (n.identity, n.fingerprint) IN (SELECT identity, toString(fingerprint) FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
    GROUP BY n.identity, n.connection, n.fingerprint
)
SELECT
    q.identity AS identity, q.on_behalf_of AS on_behalf_of, q.connection AS connection, q.table_name AS subject,
    toDateTime64(q.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    q.session_ids AS sessions, q.ids AS statements,
    q.rows_out AS rows, q.hours_seen AS hours_seen, q.runs AS runs, q.spellings AS spellings,
    if(spellings > 1, concat(toString(spellings), ' queries, which are new to it'), 'one query, which is new to it') AS queries,
    whole.day_rows_most AS most
FROM (
    -- All new queries of a table together: each page may have a spelling of its own.
    SELECT toDate(a.hour) AS day, a.identity AS identity, a.connection AS connection, arrayJoin(a.tables) AS table_name, any(a.on_behalf_of) AS on_behalf_of,
        sum(a.rows) AS rows_out, count() AS runs, uniqExact(a.hour) AS hours_seen, uniqExact(a.fingerprint) AS spellings,
        groupUniqArray(20)(a.session_id) AS session_ids, arrayMap(x -> x.2, groupArraySorted(20)((-toInt64(a.rows), a.statement_id))) AS ids
    FROM (
        SELECT * FROM weir.activity
        WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND type = 'StatementOutcome' AND fingerprint != '' AND rows > 0
          -- What a person approved is no theft of its own.
          AND decision != 'hold'
    ) AS a
    JOIN news ON news.identity = a.identity AND news.connection = a.connection AND news.fingerprint = a.fingerprint
    WHERE news.first_at >= toDateTime64(toDate(a.hour), 6) - toIntervalDay({new_days:UInt16})
    GROUP BY day, identity, connection, table_name
    -- What one hour shows is bulk-read's.
    HAVING rows_out >= {rows:UInt64} AND hours_seen >= {hours:UInt64}
) AS q
JOIN (
    SELECT day, identity, day_rows_most FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = q.day AND whole.identity = q.identity
WHERE q.rows_out >= {factor:Float64} * most
