-- id: new-client-program
-- title: A client program that this identity never used
-- severity: medium
-- technique: T1059
-- schedule: stream
-- learning: 14
-- risk: watch
-- explain: "connected with {subject}, for the first time, at {first_at}; before: {known}"
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at,
    -- The latest ten that were known by then.
    arraySlice(arrayMap(p -> p.2, arrayReverseSort(arrayFilter(p -> p.1 < f.first_at, used.programs))), 1, 10) AS known
FROM weir.first_uses AS f
LEFT JOIN (
    SELECT identity, groupArray((first_at, toString(value))) AS programs FROM weir.first_uses
    WHERE kind = 'program' AND first_at < {to:DateTime64(6)} AND identity IN (
        SELECT identity FROM weir.first_uses WHERE kind = 'program' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)})
    GROUP BY identity
) AS used ON used.identity = f.identity
WHERE f.kind = 'program' AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
