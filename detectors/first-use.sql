-- id: first-use
-- title: A table or a query that is new to a settled identity
-- severity: low
-- technique: T1213
-- schedule: stream
-- learning: 14
-- parameters: { rows: 50, query_rows: 1000, settled: 7 }
-- explain: "{what} {subject} for the first time, at {first_at}, with {rows} rows within the hour; nobody of its kind had within 28 days, and nothing new was deployed"
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, f.connection AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, [f.statement_id] AS statements,
    if(f.kind = 'table', 'read table', 'ran query') AS what, f.first_at AS first_at, used.rows_out AS rows
FROM weir.first_uses AS f
JOIN (
    SELECT hour, identity, connection, 'table' AS kind, table_name AS value, h.rows AS rows_out
    FROM weir.table_hours AS h WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}
    UNION ALL
    SELECT hour, identity, connection, 'fingerprint' AS kind, fingerprint AS value, sum(a.rows) AS rows_out
    FROM weir.activity AS a WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND fingerprint != ''
    GROUP BY hour, identity, connection, fingerprint
) AS used ON used.hour = toStartOfHour(f.first_at) AND used.identity = f.identity AND used.connection = f.connection
    AND used.kind = f.kind AND used.value = f.value
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'peers' AND peer_group = '' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS peers ON peers.day = toDate(f.first_at) AND peers.identity_kind = f.identity_kind AND peers.connection = f.connection
    AND peers.table_name = f.value
LEFT JOIN (
    SELECT connection, value, min(first_at) AS since FROM weir.first_uses WHERE kind = 'fingerprint' GROUP BY connection, value
) AS anybody ON anybody.connection = f.connection AND anybody.value = f.value
LEFT JOIN (
    -- What is deployed brings queries and tables; who looks around finds new ones every week.
    SELECT identity, groupArrayIf(first_at, kind = 'image') AS builds, groupArrayIf(first_at, kind IN ('table', 'fingerprint')) AS uses
    FROM weir.first_uses
    WHERE kind IN ('image', 'table', 'fingerprint') AND first_at >= {from:DateTime64(6)} - toIntervalDay({settled:UInt16})
      AND first_at < {to:DateTime64(6)}
    GROUP BY identity
) AS recent ON recent.identity = f.identity
WHERE f.kind IN ('table', 'fingerprint') AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
  AND if(f.kind = 'table', rows >= {rows:UInt64} AND peers.hours = 0, rows >= {query_rows:UInt64} AND anybody.since = f.first_at)
  AND NOT arrayExists(b -> b <= f.first_at AND b >= f.first_at - toIntervalDay({settled:UInt16}), recent.builds)
  AND NOT arrayExists(u -> u < toStartOfHour(f.first_at) AND u >= f.first_at - toIntervalDay({settled:UInt16}), recent.uses)
