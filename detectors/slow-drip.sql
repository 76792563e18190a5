-- id: slow-drip
-- title: Small reads that add up to a table
-- severity: high
-- technique: T1030
-- schedule: day
-- learning: 14
-- parameters: { days: 10, days_least: 3, runs: 60, rows_each: 2000, since_build: 100, settled_days: 10, dense_runs: 20, dense_pace: 25, dense_days: 2, spelled_runs: 40 }
-- risk: high
-- explain: "asks {queries} of {subject} since {since:date} never run before: {runs_seen} times on {days_seen} days, {rows} rows in reads of at most {largest}, one after the other on {dense_seen} days; {work} statements between it and the deployment before it"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, t.table_name AS subject,
    toDateTime64(t.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.query AS query, if(t.query = '', concat(toString(t.spellings), ' queries'), 'a query') AS queries, t.since AS since, t.runs_seen AS runs_seen,
    t.days_seen AS days_seen, t.dense_seen AS dense_seen,
    t.rows_seen AS rows, t.largest AS largest, arrayLast(b -> b <= t.since, built.builds) AS last_build,
    arraySum(arrayMap(h -> if(h.1 > last_build AND h.1 < toStartOfHour(t.since), h.2, 0), before.hours)) AS work
FROM (
    SELECT a.day AS day, a.identity AS identity, a.connection AS connection, a.query AS query, a.table_name AS table_name, min(a.since) AS since,
        any(a.on_behalf_of) AS on_behalf_of, sum(a.runs) AS runs_seen, sum(a.rows_out) AS rows_seen, length(groupUniqArrayArray(a.asked)) AS spellings,
        uniqExact(toDate(a.hour)) AS days_seen, sumMap([toDate(a.hour)], [a.runs]).2 AS by_day, max(a.largest) AS largest, sumIf(a.runs, toDate(a.hour) = a.day) AS of_the_day,
        groupUniqArrayIf(toDate(a.hour), a.runs >= if(a.query = '', {spelled_runs:UInt64}, {dense_runs:UInt64}) AND a.lasted <= {dense_pace:Float64} * a.runs) AS dense, length(dense) AS dense_seen,
        groupUniqArrayArray(20)(a.session_ids) AS session_ids, groupUniqArrayArray(20)(a.ids) AS ids
    FROM (
        SELECT d.day AS day, r.hour AS hour, r.identity AS identity, r.connection AS connection, r.what.1 AS query, r.what.2 AS table_name, min(r.since) AS since,
            any(r.on_behalf_of) AS on_behalf_of, count() AS runs, sum(r.rows) AS rows_out, max(r.rows) AS largest, groupUniqArray(1000)(cityHash64(r.fingerprint)) AS asked,
            dateDiff('second', min(r.time), max(r.time)) AS lasted, groupUniqArray(20)(r.session_id) AS session_ids, groupUniqArray(20)(r.statement_id) AS ids
        FROM (
            SELECT arrayJoin(range(toUInt32(toRelativeDayNum({from:DateTime64(6)})), toUInt32(toRelativeDayNum({to:DateTime64(6)} - toIntervalSecond(1))) + 1)) AS i,
                toDate(i) AS day
        ) AS d
        CROSS JOIN (
            SELECT v.hour AS hour, v.identity AS identity, v.connection AS connection, v.fingerprint AS fingerprint, v.on_behalf_of AS on_behalf_of, v.rows AS rows,
                v.time AS time, v.session_id AS session_id, v.statement_id AS statement_id, n.first_at AS since,
                -- A catalog counts only where nothing else is read.
                arrayFilter(t -> t NOT LIKE 'pg_catalog.%' AND t NOT LIKE 'information_schema.%', v.tables) AS named,
                -- Each query by itself, and all of a table that no deployment brought together (''): each read may have a spelling of its own.
                arrayJoin(arrayConcat([(toString(v.fingerprint), toString(arrayConcat(named, v.tables)[1]))], if(n.is_brought, [], arrayMap(t -> ('', toString(t)), named)))) AS what
            FROM (
                SELECT * FROM weir.activity
                WHERE hour >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND hour < {to:DateTime64(6)}
                  -- What writes, and answers with what was there, reads, too.
                  AND fingerprint != '' AND status NOT IN ('denied', 'held') AND (empty(tables_written) OR rows > 0 AND NOT has(kinds, 'insert'))
                  -- Larger ones are bulk-read's, and hide nothing here.
                  AND rows <= {rows_each:UInt64}
            ) AS v
            JOIN (
                SELECT f.identity AS identity, f.connection AS connection, f.fingerprint AS fingerprint, min(f.first_at) AS first_at,
                    argMin(if({changes:String} = 'client', f.after_deployment, f.after_published), f.first_at) AS is_brought
                FROM weir.new_queries AS f
                WHERE f.first_at >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND f.first_at < {to:DateTime64(6)}
                  -- Of who goes on only.
                  AND f.identity IN (SELECT identity FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
                GROUP BY f.identity, f.connection, f.fingerprint
            ) AS n ON n.identity = v.identity AND n.connection = v.connection AND n.fingerprint = v.fingerprint
        ) AS r
        WHERE r.hour < d.day + 1 AND r.hour >= d.day + 1 - {days:UInt16} AND r.since >= toDateTime64(d.day, 6) - toIntervalDay({days:UInt16})
        GROUP BY d.day, hour, identity, connection, query, table_name
    ) AS a
    GROUP BY a.day, identity, connection, query, table_name
) AS t
LEFT JOIN (
    SELECT identity, arraySort(groupArray(at)) AS builds FROM weir.deployments
    WHERE ({changes:String} = 'client' OR published) AND at >= {from:DateTime64(6)} - toIntervalDay({days:UInt16} + {settled_days:UInt16}) AND at < {to:DateTime64(6)}
    GROUP BY identity
) AS built ON built.identity = t.identity
LEFT JOIN (
    SELECT identity, connection, groupArray((toDateTime64(hour, 6), i.statements)) AS hours FROM weir.identity_hours AS i
    WHERE hour >= {from:DateTime64(6)} - toIntervalDay(2 * {days:UInt16}) AND hour < {to:DateTime64(6)} AND identity IN (
        SELECT identity FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
    GROUP BY identity, connection
) AS before ON before.identity = t.identity AND before.connection = t.connection
-- It goes on: at half of what is done on a day as a rule, whatever was done on one of them.
WHERE t.of_the_day * 2 >= arraySort(t.by_day)[intDiv(t.days_seen + 1, 2)]
  AND t.table_name NOT LIKE 'pg_catalog.%' AND t.table_name NOT LIKE 'information_schema.%'
  -- What a deployment brings is asked soon after it, and not of one value after the other. Who makes up queries all day asks
  -- no so many of a table in quick succession, and goes on when a theft is over.
  AND (t.dense_seen >= {dense_days:UInt64} AND (t.query != '' OR t.spellings > 1 AND has(t.dense, t.day))
    OR t.query != '' AND t.days_seen >= {days_least:UInt64} AND t.runs_seen >= {runs:UInt64}
      AND (work >= {since_build:UInt64} OR last_build < t.since - toIntervalDay({settled_days:UInt16})))
-- Of a table's day one finding: of a query and of all of them together that which says more.
ORDER BY runs_seen DESC, spellings LIMIT 1 BY t.day, t.identity, t.connection, t.table_name
