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
    f.first_at AS first_at, known.programs AS known
FROM weir.first_uses AS f
LEFT JOIN (
    SELECT identity, groupUniqArray(10)(value) AS programs FROM weir.first_uses
    WHERE kind = 'program' AND first_at < {from:DateTime64(6)} GROUP BY identity
) AS known ON known.identity = f.identity
WHERE f.kind = 'program' AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
