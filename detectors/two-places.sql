-- id: two-places
-- title: A credential used from two places at once
-- severity: high
-- technique: T1550
-- schedule: stream
-- parameters: { new_days: 7, pool: 5, pool_days: 28 }
-- risk: high
-- explain: "used from {subject} between {other_from} and {other_to:time}, a network in which it was first seen at {since}, while it was used from {usual_host}; {rows} rows went to the new place"
WITH
newcomers AS (
    SELECT identity FROM weir.first_uses
    WHERE kind = 'network' AND first_at >= {from:DateTime64(6)} - toIntervalDay({new_days:UInt16}) AND first_at < {to:DateTime64(6)}
),
places AS (
    SELECT hour, identity, source_host, toString(network) AS network, any(on_behalf_of) AS on_behalf_of, min(time) AS first_at, max(time) AS last_at,
        sum(a.rows) AS host_rows, groupUniqArray(20)(session_id) AS session_ids,
        groupUniqArrayIf(20)(statement_id, statement_id != '') AS ids
    FROM weir.activity AS a
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND identity IN (SELECT identity FROM newcomers)
    GROUP BY hour, identity, source_host, network
),
networks AS (
    SELECT identity, value, first_at FROM weir.first_uses
    WHERE kind = 'network' AND first_at < {to:DateTime64(6)} AND identity IN (SELECT identity FROM newcomers)
)
SELECT
    n.identity AS identity, n.on_behalf_of AS on_behalf_of, '' AS connection, toString(n.source_host) AS subject,
    toDateTime64(n.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    n.session_ids AS sessions, n.ids AS statements,
    n.first_at AS other_from, n.last_at AS other_to, toString(u.source_host) AS usual_host, n.host_rows AS rows, news.first_at AS since
FROM places AS n
JOIN networks AS news ON news.identity = n.identity AND news.value = n.network
JOIN places AS u ON u.identity = n.identity AND u.hour = n.hour
JOIN networks AS old ON old.identity = u.identity AND old.value = u.network
LEFT JOIN (
    SELECT identity, groupArray((toString(value), first_at)) AS places FROM networks GROUP BY identity
) AS seen ON seen.identity = n.identity
LEFT JOIN (
    SELECT identity, groupArray((day, networks)) AS days FROM weir.identity_days
    WHERE day >= toDate({from:DateTime64(6)}) - {pool_days:UInt16} AND day < toDate({to:DateTime64(6)}) AND identity IN (SELECT identity FROM newcomers)
    GROUP BY identity
) AS recent ON recent.identity = n.identity
WHERE u.network != n.network AND u.first_at <= n.last_at AND n.first_at <= u.last_at
  AND news.first_at >= toDateTime64(n.hour, 6) - toIntervalDay({new_days:UInt16})
  AND old.first_at < toDateTime64(n.hour, 6) - toIntervalDay({new_days:UInt16})
  -- Who comes from a pool of networks is in several of them all the time. New ones make no pool, nor does where it was long ago.
  AND arrayCount(v -> v.2 < toDateTime64(n.hour, 6) - toIntervalDay({new_days:UInt16})
        AND (v.2 >= toDateTime64(n.hour, 6) - toIntervalDay({pool_days:UInt16})
            OR arrayExists(d -> d.1 < toDate(n.hour) AND d.1 >= toDate(n.hour) - {pool_days:UInt16} AND has(d.2, v.1), recent.days)),
    seen.places) < {pool:UInt64}
LIMIT 1 BY n.identity, n.hour, n.source_host
