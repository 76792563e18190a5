-- id: new-source-host
-- title: A credential used from where it never was
-- severity: medium
-- technique: T1078
-- schedule: stream
-- learning: 14
-- parameters: { moved: 3, pool: 3 }
-- risk: watch
-- explain: "came from {subject} ({address}), for the first time, at {first_at}; before from {known}"
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at, address.hosts AS address, known.networks AS known
FROM weir.first_uses AS f
LEFT JOIN (
    SELECT identity, session_id, groupUniqArray(5)(value) AS hosts FROM weir.first_uses
    WHERE kind = 'host' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)} GROUP BY identity, session_id
) AS address ON address.identity = f.identity AND address.session_id = f.session_id
LEFT JOIN (
    SELECT identity, groupUniqArray(20)(value) AS networks FROM weir.first_uses
    WHERE kind = 'network' AND first_at < {from:DateTime64(6)} GROUP BY identity
) AS known ON known.identity = f.identity
LEFT JOIN (
    -- A site that fails over comes from new networks with all that it has.
    SELECT extract(value, '^[0-9]+[.][0-9]+') AS site, groupUniqArray(100)((identity, first_at)) AS moves FROM weir.first_uses
    WHERE kind = 'network' AND first_at >= {from:DateTime64(6)} - toIntervalDay(1) AND first_at < {to:DateTime64(6)}
    GROUP BY site
) AS moved ON moved.site = extract(f.value, '^[0-9]+[.][0-9]+')
WHERE f.kind = 'network' AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
  AND length(arrayFilter(m -> m.2 <= f.first_at AND m.2 >= f.first_at - toIntervalDay(1), moved.moves)) < {moved:UInt64}
  -- Who comes from a pool of networks will come from another one of it.
  AND arrayCount(n -> extract(n, '^[0-9]+[.][0-9]+') = extract(f.value, '^[0-9]+[.][0-9]+'), known.networks) < {pool:UInt64}
