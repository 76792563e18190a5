-- id: two-places
-- title: A credential used from two places at once
-- severity: high
-- technique: T1550
-- schedule: stream
-- parameters: { new_days: 7, pool: 5 }
-- risk: high
-- explain: "used from {subject} between {other_from} and {other_to:time}, a network in which it was first seen at {since}, while it was used from {usual_host}; {rows} rows went to the new place"
WITH
places AS (
    SELECT hour, identity, source_host, network, any(on_behalf_of) AS on_behalf_of, min(time) AS first_at, max(time) AS last_at,
        sum(a.rows) AS host_rows, groupUniqArray(20)(session_id) AS session_ids,
        groupUniqArrayIf(20)(statement_id, statement_id != '') AS ids
    FROM (
        SELECT *, toString(source_host) AS address,
            -- As in first_uses. An address may be anything in the record of another house.
            multiIf(isIPv4String(address), replaceRegexpOne(address, '[.][0-9]+$', '.0/24'),
                isIPv6String(address), concat(toString(tupleElement(IPv6CIDRToRange(assumeNotNull(toIPv6OrNull(address)), 64), 1)), '/64'),
                address) AS network
        FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND identity IN (
            SELECT identity FROM weir.first_uses
            WHERE kind = 'network' AND first_at >= {from:DateTime64(6)} - toIntervalDay({new_days:UInt16}) AND first_at < {to:DateTime64(6)})
    ) AS a
    GROUP BY hour, identity, source_host, network
),
networks AS (
    SELECT identity, value, first_at FROM weir.first_uses WHERE kind = 'network' AND first_at < {to:DateTime64(6)}
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
JOIN (
    SELECT identity, uniqExact(value) AS networks FROM networks WHERE first_at < {from:DateTime64(6)} GROUP BY identity
) AS known ON known.identity = n.identity
-- Who comes from a pool of networks is in several of them all the time.
WHERE u.network != n.network AND u.first_at <= n.last_at AND n.first_at <= u.last_at
  AND news.first_at >= toDateTime64(n.hour, 6) - toIntervalDay({new_days:UInt16})
  AND old.first_at < toDateTime64(n.hour, 6) - toIntervalDay({new_days:UInt16})
  AND known.networks < {pool:UInt64}
LIMIT 1 BY n.identity, n.hour, n.source_host
