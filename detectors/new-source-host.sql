-- id: new-source-host
-- title: A credential used from where it never was
-- severity: medium
-- technique: T1078
-- schedule: stream
-- learning: 14
-- parameters: { followers: 3, pool: 3, settled: 24 }
-- risk: watch
-- explain: "came from {subject} ({address}), for the first time, at {first_at}; {place}; before from {known}; {moved} of its colleagues have come from there"
WITH sites AS (
    -- By two of the four bytes: what is one place's, as a rule. Who has been there, since when.
    SELECT identity, if(position(value, ':') > 0, value, extract(toString(value), '^[0-9]+[.][0-9]+')) AS site, min(first_at) AS since
    FROM weir.first_uses WHERE kind = 'network' AND first_at < {to:DateTime64(6)}
    GROUP BY identity, site
)
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at, address.hosts AS address, known.networks AS known,
    arrayCount(v -> v.1 != f.identity AND v.2 <= f.first_at AND (f.is_private OR v.2 > f.first_at - toIntervalDay(1)) AND hasAny(v.3, known.sites), there.visitors) AS moved,
    multiIf(f.is_private, 'a network of the house', arrayExists(v -> v.1 != f.identity, there.visitors), 'an address outside, of a known network',
        'an address outside, where nobody has ever been') AS place
FROM (
    SELECT *, if(position(value, ':') > 0, value, extract(toString(value), '^[0-9]+[.][0-9]+')) AS site,
        match(toString(value), '^(10[.]|192[.]168[.]|172[.](1[6-9]|2[0-9]|3[01])[.]|127[.]|f[cd][0-9a-f]{2}:)') AS is_private
    FROM weir.first_uses WHERE kind = 'network' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)}
) AS f
LEFT JOIN (
    SELECT identity, session_id, groupUniqArray(5)(value) AS hosts FROM weir.first_uses
    WHERE kind = 'host' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)} GROUP BY identity, session_id
) AS address ON address.identity = f.identity AND address.session_id = f.session_id
LEFT JOIN (
    SELECT identity, groupUniqArray(20)(value) AS networks, groupUniqArray(extract(toString(value), '^[0-9]+[.][0-9]+')) AS sites
    FROM weir.first_uses WHERE kind = 'network' AND first_at < {from:DateTime64(6)} GROUP BY identity
) AS known ON known.identity = f.identity
LEFT JOIN (
    -- Each with where it came from before.
    SELECT v.site AS site, min(v.since) AS since, groupArray((v.identity, v.since, arrayMap(h -> h.1, arrayFilter(h -> h.2 < v.since, homes.sites)))) AS visitors
    FROM sites AS v JOIN (SELECT identity, groupArray((site, since)) AS sites FROM sites GROUP BY identity) AS homes ON homes.identity = v.identity
    WHERE v.site IN (
        SELECT if(position(value, ':') > 0, value, extract(toString(value), '^[0-9]+[.][0-9]+')) FROM weir.first_uses
        WHERE kind = 'network' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)})
    GROUP BY site
) AS there ON there.site = f.site
-- A site that fails over comes from new networks with all that it has: the first of them cannot be told from a guest.
WHERE (NOT f.is_private OR there.since < f.first_at - toIntervalHour({settled:UInt16})) AND moved < {followers:UInt64}
  -- Who comes from a pool of networks will come from another one of it.
  AND arrayCount(n -> extract(n, '^[0-9]+[.][0-9]+') = f.site, known.networks) < {pool:UInt64}
