-- id: first-use
-- title: A table that is new to a settled identity
-- severity: medium
-- technique: T1213
-- schedule: stream
-- learning: 14
-- parameters: { rows: 10, since_build: 45, settled_days: 10, invented: 0.06, inventor_statements: 3 }
-- risk: watch
-- explain: "read {subject} for the first time, at {first_at}, {statements_run} statements and {rows} rows within the hour; nothing was deployed in the {work} statements on this connection before, of which {news_share} were new queries"
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, f.connection AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    used.session_ids AS sessions, used.ids AS statements,
    f.first_at AS first_at, used.rows_out AS rows, used.runs AS statements_run,
    -- What is new in a deployment shows itself within the first statements after it.
    arrayMax(arrayFilter(b -> b <= f.first_at, built.builds)) AS last_build,
    arraySum(arrayMap(h -> if(h.1 > last_build AND h.1 >= window_start - toIntervalDay(14) AND h.1 < window_start, h.2, 0), before.hours)) AS work,
    round(arraySum(arrayMap(h -> if(h.1 >= window_start - toIntervalDay(14) AND h.1 <= window_start, h.2, 0), invented.hours))
        / greatest(1, arraySum(arrayMap(h -> if(h.1 >= window_start - toIntervalDay(14) AND h.1 <= window_start, h.2, 0), before.hours))), 3) AS news_share
FROM weir.first_uses AS f
JOIN (
    SELECT hour, identity, connection, table_name, h.rows AS rows_out, h.statements AS runs, h.sessions AS session_ids, h.statement_ids AS ids
    FROM weir.table_hours AS h WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}
) AS used ON used.hour = toStartOfHour(f.first_at) AND used.identity = f.identity AND used.connection = f.connection AND used.table_name = f.value
LEFT JOIN (
    SELECT identity, groupArray(at) AS builds FROM weir.deployments
    WHERE ({changes:String} = 'client' OR published) AND at >= {from:DateTime64(6)} - toIntervalDay(1 + greatest(14, {settled_days:UInt16})) AND at < {to:DateTime64(6)}
    GROUP BY identity
) AS built ON built.identity = f.identity
LEFT JOIN (
    SELECT identity, connection, groupArray((toDateTime64(hour, 6), i.statements)) AS hours FROM weir.identity_hours AS i
    WHERE hour >= {from:DateTime64(6)} - toIntervalDay(14) AND hour < {to:DateTime64(6)} AND identity IN (
        SELECT identity FROM weir.first_uses WHERE kind = 'table' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)})
    GROUP BY identity, connection
) AS before ON before.identity = f.identity AND before.connection = f.connection
LEFT JOIN (
    SELECT identity, connection, groupArray((hour, queries)) AS hours FROM (
        SELECT n.identity AS identity, n.connection AS connection, toDateTime64(toStartOfHour(n.first_at), 6) AS hour, uniqExact(n.fingerprint) AS queries
        FROM weir.new_queries AS n
        WHERE n.first_at >= {from:DateTime64(6)} - toIntervalDay(14) AND n.first_at < {to:DateTime64(6)}
          AND n.identity IN (SELECT identity FROM weir.first_uses WHERE kind = 'table' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)})
        GROUP BY identity, connection, hour
    ) GROUP BY identity, connection
) AS invented ON invented.identity = f.identity AND invented.connection = f.connection
WHERE f.kind = 'table' AND f.value NOT LIKE 'pg_catalog.%' AND f.value NOT LIKE 'information_schema.%' AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
  AND (work >= {since_build:UInt64} OR last_build < f.first_at - toIntervalDay({settled_days:UInt16})) AND used.rows_out >= {rows:UInt64}
  -- Who makes up queries for somebody looks around now and then.
  AND statements_run >= if(f.on_behalf_of != '' AND news_share >= {invented:Float64}, {inventor_statements:UInt64}, 1)
