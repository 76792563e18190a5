-- id: new-source-host
-- title: A credential used from where it never was
-- severity: medium
-- technique: T1078
-- schedule: stream
-- learning: 14
-- parameters: { followers: 3, pool: 3, pool_days: 28, settled: 24 }
-- risk: watch
-- explain: "came from {subject} ({address}), for the first time, at {first_at}; {place}; before from {known}; {moved} of its colleagues have come from there"
WITH
fresh AS (
    SELECT *, match(toString(value), '^(10[.]|192[.]168[.]|172[.](1[6-9]|2[0-9]|3[01])[.]|127[.]|f[cd][0-9a-f]{2}:)') AS is_private
    FROM weir.first_uses WHERE kind = 'network' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)}
),
sites AS (
    -- Who has been there, since when.
    SELECT identity, site, min(first_at) AS since FROM weir.first_uses WHERE kind = 'network' AND first_at < {to:DateTime64(6)} GROUP BY identity, site
)
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at, address.hosts AS address,
    -- What was known by then, the latest twenty: network, since when, site.
    arraySlice(arrayMap(n -> n.1, arrayReverseSort(n -> n.2, arrayFilter(n -> n.2 < f.first_at, seen.networks)) AS before), 1, 20) AS known,
    arrayCount(v -> v.1 != f.identity AND v.2 <= f.first_at AND (f.is_private OR v.2 > f.first_at - toIntervalDay(1))
        AND hasAny(v.3, arrayMap(n -> n.3, before)), there.visitors) AS moved,
    multiIf(f.is_private, 'a network of the house', arrayExists(v -> v.1 != f.identity AND v.2 <= f.first_at, there.visitors),
        'an address outside, of a known network', 'an address outside, where nobody has ever been') AS place
FROM fresh AS f
LEFT JOIN (
    SELECT identity, session_id, groupUniqArray(5)(value) AS hosts FROM weir.first_uses
    WHERE kind = 'host' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)} GROUP BY identity, session_id
) AS address ON address.identity = f.identity AND address.session_id = f.session_id
LEFT JOIN (
    SELECT identity, groupArray((toString(value), first_at, toString(site))) AS networks FROM weir.first_uses
    WHERE kind = 'network' AND first_at < {to:DateTime64(6)} AND identity IN (SELECT identity FROM fresh) GROUP BY identity
) AS seen ON seen.identity = f.identity
LEFT JOIN (
    SELECT identity, groupArray((day, networks)) AS days FROM weir.identity_days
    WHERE day >= toDate({from:DateTime64(6)}) - {pool_days:UInt16} AND day < toDate({to:DateTime64(6)}) AND identity IN (SELECT identity FROM fresh)
    GROUP BY identity
) AS recent ON recent.identity = f.identity
LEFT JOIN (
    -- Each with where it came from before.
    SELECT v.site AS site, min(v.since) AS since, groupArray((v.identity, v.since, arrayMap(h -> h.1, arrayFilter(h -> h.2 < v.since, homes.sites)))) AS visitors
    FROM sites AS v JOIN (SELECT identity, groupArray((toString(site), since)) AS sites FROM sites GROUP BY identity) AS homes ON homes.identity = v.identity
    WHERE v.site IN (SELECT site FROM fresh)
    GROUP BY site
) AS there ON there.site = f.site
-- A site that fails over comes from new networks with all that it has: the first of them cannot be told from a guest.
WHERE (NOT f.is_private OR there.since < f.first_at - toIntervalHour({settled:UInt16})) AND moved < {followers:UInt64}
  -- Who comes from a pool of networks will come from another one of it; where it was long ago is none.
  AND arrayCount(n -> n.3 = f.site AND (n.2 >= f.first_at - toIntervalDay({pool_days:UInt16})
        OR arrayExists(d -> d.1 < toDate(f.first_at) AND d.1 >= toDate(f.first_at) - {pool_days:UInt16} AND has(d.2, n.1), recent.days)),
    before) < {pool:UInt64}
