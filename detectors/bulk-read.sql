-- id: bulk-read
-- title: More rows of a table than ever
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { rows: 1000, factor: 4, busiest: 3, newcomer_rows: 20000, newcomer_days: 7 }
-- risk: high
-- explain: "read {rows} rows of {subject} between {first_at} and {last_at:time}; usual at this hour: {usual}; own most in 28 days: {most}; peers: at most {peers_most}"
SELECT
    h.identity AS identity, h.on_behalf_of AS on_behalf_of, h.connection AS connection, h.table_name AS subject,
    toDateTime64(h.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    h.sessions AS sessions, h.statement_ids AS statements,
    h.rows - h.approved_rows AS rows, h.approved_rows AS approved, h.first_at AS first_at, h.last_at AS last_at,
    own.week_rows[toUInt8((toDayOfWeek(h.hour, 0, {timezone:String}) - 1) * 24 + toHour(h.hour, {timezone:String}))] AS usual,
    own.rows_most AS most,
    if(peers.most_by = h.identity, peers.rows_second, peers.rows_most) AS peers_most
FROM weir.table_hours AS h
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'identity' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS own ON own.day = toDate(h.hour) AND own.identity = h.identity AND own.connection = h.connection AND own.table_name = h.table_name
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(h.hour) AND whole.identity = h.identity
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'peers' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS peers ON peers.day = toDate(h.hour) AND peers.identity_kind = h.identity_kind AND peers.connection = h.connection
    AND peers.peer_group = whole.peer_group AND peers.table_name = h.table_name
WHERE h.hour >= {from:DateTime64(6)} AND h.hour < {to:DateTime64(6)} AND h.table_name != ''
  -- Who has a history is measured by it; a newcomer by its peers.
  AND if(whole.days >= {newcomer_days:UInt64}, rows >= {rows:UInt64} AND rows >= {busiest:Float64} * whole.rows_most,
    rows >= {newcomer_rows:UInt64} AND rows > peers_most)
  AND rows >= {factor:Float64} * own.rows_most
