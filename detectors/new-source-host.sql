-- id: new-source-host
-- title: A credential used from where it never was
-- severity: medium
-- technique: T1078
-- schedule: stream
-- learning: 14
-- parameters: { hosts: 3 }
-- risk: watch
-- explain: "came from {subject}, for the first time, at {first_at}; in 28 days before it came from at most {hosts_most} addresses in an hour"
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at, whole.hosts_most AS hosts_most
FROM weir.first_uses AS f
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(f.first_at) AND whole.identity = f.identity
WHERE f.kind = 'host' AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
  -- Who comes from a pool of addresses will come from another one of it.
  AND hosts_most <= {hosts:UInt64}
