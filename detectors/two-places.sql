-- id: two-places
-- title: A credential used from two places at once
-- severity: high
-- technique: T1550
-- schedule: stream
-- parameters: { new_days: 7 }
-- risk: high
-- explain: "used from {subject} between {other_from} and {other_to:time} while it was used from {usual_host}; never from two places at once in 28 days; {rows} rows went to the new one"
WITH places AS (
    SELECT hour, identity, source_host, any(on_behalf_of) AS on_behalf_of, min(time) AS first_at, max(time) AS last_at,
        sum(a.rows) AS host_rows, groupUniqArray(20)(session_id) AS session_ids,
        groupUniqArrayIf(20)(statement_id, statement_id != '') AS ids
    FROM weir.activity AS a
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}
    GROUP BY hour, identity, source_host
)
SELECT
    n.identity AS identity, n.on_behalf_of AS on_behalf_of, '' AS connection, toString(n.source_host) AS subject,
    toDateTime64(n.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    n.session_ids AS sessions, n.ids AS statements,
    n.first_at AS other_from, n.last_at AS other_to, toString(u.source_host) AS usual_host, n.host_rows AS rows
FROM places AS n
JOIN (
    SELECT identity, value, first_at FROM weir.first_uses
    WHERE kind = 'host' AND first_at >= {from:DateTime64(6)} - toIntervalDay(30) AND first_at < {to:DateTime64(6)}
) AS news ON news.identity = n.identity AND news.value = n.source_host
JOIN places AS u ON u.identity = n.identity AND u.hour = n.hour
JOIN (
    SELECT identity, value, first_at FROM weir.first_uses WHERE kind = 'host' AND first_at < {to:DateTime64(6)}
) AS old ON old.identity = u.identity AND old.value = u.source_host
JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(n.hour) AND whole.identity = n.identity
WHERE u.source_host != n.source_host AND u.first_at <= n.last_at AND n.first_at <= u.last_at
  AND news.first_at >= toDateTime64(n.hour, 6) - toIntervalDay({new_days:UInt16})
  AND old.first_at < toDateTime64(n.hour, 6) - toIntervalDay({new_days:UInt16})
  AND whole.hosts_most <= 1
LIMIT 1 BY n.identity, n.hour, n.source_host
