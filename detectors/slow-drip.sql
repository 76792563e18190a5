-- id: slow-drip
-- title: Small reads that add up to a table
-- severity: high
-- technique: T1030
-- schedule: day
-- learning: 14
-- parameters: { days: 7, predicates: 300, rows_each: 20, factor: 3, share: 3 }
-- risk: high
-- explain: "asked {subject} for {predicates_seen} different values in {days} days, {rows} rows in reads of at most {largest}; in the weeks before at most {most} values on a day, {usual} as a rule"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, t.table_name AS subject,
    toDateTime64(t.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.predicates_seen AS predicates_seen, t.rows_seen AS rows, t.largest AS largest,
    own.day_predicates_most AS most, own.day_predicates_median AS usual
FROM (
    SELECT d.day AS day, identity, connection, table_name, any(h.on_behalf_of) AS on_behalf_of,
        greatest(uniqArray(h.some_predicates), max(h.predicates)) AS predicates_seen, sum(h.rows) AS rows_seen, max(h.most_rows) AS largest,
        max(h.hour) AS newest, max(h.predicates) AS hour_most, groupUniqArrayArray(20)(h.sessions) AS session_ids, groupUniqArrayArray(20)(h.statement_ids) AS ids
    FROM (
        SELECT arrayJoin(range(toUInt32(toRelativeDayNum({from:DateTime64(6)})), toUInt32(toRelativeDayNum({to:DateTime64(6)} - toIntervalSecond(1))) + 1)) AS n,
            toDate(n) AS day
    ) AS d
    CROSS JOIN (
        SELECT * FROM weir.table_hours
        WHERE hour >= {from:DateTime64(6)} - toIntervalDay({days:UInt16}) AND hour < {to:DateTime64(6)} AND table_name != ''
    ) AS h
    WHERE h.hour < d.day + 1 AND h.hour >= d.day + 1 - {days:UInt16}
    GROUP BY d.day, identity, connection, table_name
) AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'identity' AND day >= toDate({from:DateTime64(6)}) - {days:UInt16} AND day <= toDate({to:DateTime64(6)})
) AS own ON own.day = t.day + 1 - {days:UInt16} AND own.identity = t.identity AND own.connection = t.connection
    AND own.table_name = t.table_name
WHERE t.predicates_seen >= {predicates:UInt64} AND t.largest <= {rows_each:UInt64} AND toDate(t.newest) = t.day
  -- Slow: no hour brings more than a third of it; that would be enumeration.
  AND t.hour_most * {share:UInt64} <= t.predicates_seen
  AND t.predicates_seen > {factor:Float64} * {days:UInt16} * own.day_predicates_median
  AND t.predicates_seen > {factor:Float64} * own.day_predicates_most
