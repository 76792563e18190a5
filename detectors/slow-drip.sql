-- id: slow-drip
-- title: Small reads that add up to a table
-- severity: high
-- technique: T1030
-- schedule: day
-- learning: 14
-- parameters: { days: 10, days_least: 3, runs: 60, rows_each: 2000, since_build: 100, settled_days: 10, dense_runs: 20, dense_pace: 25, dense_days: 2 }
-- risk: high
-- explain: "asks a query of {subject} since {since:date} that it never ran before: {runs_seen} times on {days_seen} days, {rows} rows in reads of at most {largest}, one after the other on {dense_seen} days; {work} statements between it and the deployment before it"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, t.table_name AS subject,
    toDateTime64(t.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.fingerprint AS query, t.since AS since, t.runs_seen AS runs_seen, t.days_seen AS days_seen, t.dense_seen AS dense_seen,
    t.rows_seen AS rows, t.largest AS largest, arrayLast(b -> b <= t.since, built.builds) AS last_build,
    arraySum(arrayMap(h -> if(h.1 > last_build AND h.1 < toStartOfHour(t.since), h.2, 0), before.hours)) AS work
FROM (
    SELECT d.day AS day, a.identity AS identity, a.connection AS connection, a.fingerprint AS fingerprint, any(a.since) AS since,
        any(a.on_behalf_of) AS on_behalf_of, any(a.table_name) AS table_name, sum(a.runs) AS runs_seen, sum(a.rows_out) AS rows_seen,
        uniqExact(toDate(a.hour)) AS days_seen, sumMap([toDate(a.hour)], [a.runs]).2 AS by_day, max(a.largest) AS largest, sumIf(a.runs, toDate(a.hour) = d.day) AS of_the_day,
        uniqExactIf(toDate(a.hour), a.runs >= {dense_runs:UInt64} AND a.lasted <= {dense_pace:Float64} * a.runs) AS dense_seen,
        groupUniqArrayArray(20)(a.session_ids) AS session_ids, groupUniqArrayArray(20)(a.ids) AS ids
    FROM (
        SELECT arrayJoin(range(toUInt32(toRelativeDayNum({from:DateTime64(6)})), toUInt32(toRelativeDayNum({to:DateTime64(6)} - toIntervalSecond(1))) + 1)) AS i,
            toDate(i) AS day
    ) AS d
    CROSS JOIN (
        SELECT v.hour AS hour, v.identity AS identity, v.connection AS connection, v.fingerprint AS fingerprint, any(n.first_at) AS since,
            any(v.on_behalf_of) AS on_behalf_of, any(arrayElement(v.tables, 1)) AS table_name, count() AS runs, sum(v.rows) AS rows_out, max(v.rows) AS largest,
            dateDiff('second', min(v.time), max(v.time)) AS lasted, groupUniqArray(20)(v.session_id) AS session_ids, groupUniqArray(20)(v.statement_id) AS ids
        FROM (
            SELECT * FROM weir.activity
            WHERE hour >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND hour < {to:DateTime64(6)}
              AND fingerprint != '' AND status NOT IN ('denied', 'held') AND empty(tables_written)
              -- Larger ones are bulk-read's, and hide nothing here.
              AND rows <= {rows_each:UInt64}
        ) AS v
        JOIN (
            SELECT identity, connection, value, first_at FROM weir.first_uses
            WHERE kind = 'fingerprint' AND first_at >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND first_at < {to:DateTime64(6)}
        ) AS n ON n.identity = v.identity AND n.connection = v.connection AND n.value = v.fingerprint
        GROUP BY v.hour, v.identity, v.connection, v.fingerprint
    ) AS a
    WHERE a.hour < d.day + 1 AND a.hour >= d.day + 1 - {days:UInt16} AND a.since >= toDateTime64(d.day, 6) - toIntervalDay({days:UInt16})
    GROUP BY d.day, identity, connection, fingerprint
) AS t
LEFT JOIN (
    SELECT identity, arraySort(groupArray(at)) AS builds FROM weir.deployments
    WHERE ({changes:String} = 'client' OR published) AND at >= {from:DateTime64(6)} - toIntervalDay({days:UInt16} + {settled_days:UInt16}) AND at < {to:DateTime64(6)}
    GROUP BY identity
) AS built ON built.identity = t.identity
LEFT JOIN (
    SELECT identity, connection, groupArray((toDateTime64(hour, 6), i.statements)) AS hours FROM weir.identity_hours AS i
    WHERE hour >= {from:DateTime64(6)} - toIntervalDay(2 * {days:UInt16}) AND hour < {to:DateTime64(6)} AND identity IN (
        SELECT identity FROM weir.first_uses
        WHERE kind = 'fingerprint' AND first_at >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND first_at < {to:DateTime64(6)})
    GROUP BY identity, connection
) AS before ON before.identity = t.identity AND before.connection = t.connection
-- It goes on: at half of what is done on a day as a rule, whatever was done on one of them.
WHERE t.of_the_day * 2 >= arraySort(t.by_day)[intDiv(t.days_seen + 1, 2)]
  AND t.table_name NOT LIKE 'pg_catalog.%' AND t.table_name NOT LIKE 'information_schema.%'
  -- What a deployment brings is asked soon after it, and not of one value after the other.
  AND (t.dense_seen >= {dense_days:UInt64}
    OR t.days_seen >= {days_least:UInt64} AND t.runs_seen >= {runs:UInt64}
      AND (work >= {since_build:UInt64} OR last_build < t.since - toIntervalDay({settled_days:UInt16})))
