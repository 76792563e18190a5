-- id: rare-table
-- title: Bulk read of a table that hardly anybody reads
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { rows: 500, hours: 3, factor: 3 }
-- learning: 14
-- risk: watch
-- explain: "read {rows} rows of {subject} between {first_at} and {last_at:time}; in 28 days it was read in {table_hours} hours, at most {table_most} rows at once, in {own_hours} of them by this identity"
SELECT
    h.identity AS identity, h.on_behalf_of AS on_behalf_of, h.connection AS connection, h.table_name AS subject,
    toDateTime64(h.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    h.sessions AS sessions, h.statement_ids AS statements,
    h.rows - h.approved_rows AS rows, h.first_at AS first_at, h.last_at AS last_at,
    any_table.hours AS table_hours, any_table.rows_most AS table_most, own.hours AS own_hours
FROM weir.table_hours AS h
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'table' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS any_table ON any_table.day = toDate(h.hour) AND any_table.connection = h.connection AND any_table.table_name = h.table_name
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'identity' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS own ON own.day = toDate(h.hour) AND own.identity = h.identity AND own.connection = h.connection AND own.table_name = h.table_name
-- One that is new to everybody is not rare; see first-use.
JOIN (
    SELECT toString(connection) AS connection, value, min(first_at) AS since FROM weir.first_uses
    WHERE kind = 'table' AND first_at < {to:DateTime64(6)} - toIntervalDay(14) GROUP BY connection, value
) AS known ON known.connection = h.connection AND known.value = h.table_name
WHERE h.hour >= {from:DateTime64(6)} AND h.hour < {to:DateTime64(6)} AND h.table_name != ''
  AND rows >= {rows:UInt64} AND any_table.hours <= {hours:UInt64} AND rows >= {factor:Float64} * any_table.rows_most
  AND known.since < h.hour - toIntervalDay(14)
