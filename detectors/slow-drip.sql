-- id: slow-drip
-- title: Small reads that add up to a table
-- severity: high
-- technique: T1030
-- schedule: day
-- learning: 14
-- parameters: { days: 10, days_least: 3, runs: 40, rows_each: 2000, build_days: 2, since_build: 150 }
-- risk: high
-- explain: "asks a query of {subject} since {since:date} that it never ran before: {runs_seen} times on {days_seen} days, {rows} rows in reads of at most {largest}; nothing was deployed when it began"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, t.table_name AS subject,
    toDateTime64(t.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.fingerprint AS query, t.since AS since, t.runs_seen AS runs_seen, t.days_seen AS days_seen, t.rows_seen AS rows, t.largest AS largest
FROM (
    SELECT d.day AS day, a.identity AS identity, a.connection AS connection, a.fingerprint AS fingerprint, any(n.first_at) AS since,
        any(a.on_behalf_of) AS on_behalf_of, any(arrayElement(a.tables, 1)) AS table_name, count() AS runs_seen,
        uniqExact(toDate(a.hour)) AS days_seen, sum(a.rows) AS rows_seen, max(a.rows) AS largest, max(toDate(a.hour)) AS newest,
        groupUniqArray(20)(a.session_id) AS session_ids, groupUniqArray(20)(a.statement_id) AS ids
    FROM (
        SELECT arrayJoin(range(toUInt32(toRelativeDayNum({from:DateTime64(6)})), toUInt32(toRelativeDayNum({to:DateTime64(6)} - toIntervalSecond(1))) + 1)) AS i,
            toDate(i) AS day
    ) AS d
    CROSS JOIN (
        SELECT * FROM weir.activity
        WHERE hour >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND hour < {to:DateTime64(6)} AND fingerprint != '' AND status NOT IN ('denied', 'held')
          AND (toString(identity), toString(fingerprint)) IN (
            SELECT toString(identity), value FROM weir.first_uses
            WHERE kind = 'fingerprint' AND first_at >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND first_at < {to:DateTime64(6)})
    ) AS a
    JOIN (
        SELECT identity, connection, value, first_at FROM weir.first_uses
        WHERE kind = 'fingerprint' AND first_at >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND first_at < {to:DateTime64(6)}
    ) AS n ON n.identity = a.identity AND n.connection = a.connection AND n.value = a.fingerprint
    WHERE a.hour < d.day + 1 AND a.hour >= d.day + 1 - {days:UInt16}
    GROUP BY d.day, identity, connection, fingerprint
) AS t
LEFT JOIN (
    SELECT identity, groupArray(first_at) AS builds FROM weir.first_uses
    WHERE kind = 'reference' AND value != '' AND first_at < {to:DateTime64(6)} GROUP BY identity
) AS built ON built.identity = t.identity
WHERE t.newest = t.day AND t.days_seen >= {days_least:UInt64} AND t.runs_seen >= {runs:UInt64} AND t.largest <= {rows_each:UInt64}
  AND NOT arrayExists(b -> b <= t.since AND b > t.since - toIntervalDay({build_days:UInt16}), built.builds)
