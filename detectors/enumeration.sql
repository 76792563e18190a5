-- id: enumeration
-- title: One question, asked for one value after another
-- severity: high
-- technique: T1087
-- schedule: stream
-- parameters: { predicates: 100, factor: 4, rows_each: 50, newcomer_predicates: 300, newcomer_days: 7 }
-- risk: high
-- explain: "asked {subject} for {predicates_seen} different values between {first_at} and {last_at:time}, in {statements_run} statements; own most in an hour of the last 28 days: {most}; peers: at most {peers_most}"
SELECT
    h.identity AS identity, h.on_behalf_of AS on_behalf_of, h.connection AS connection, h.table_name AS subject,
    toDateTime64(h.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    h.sessions AS sessions, h.statement_ids AS statements,
    h.predicates AS predicates_seen, h.statements AS statements_run, h.first_at AS first_at, h.last_at AS last_at,
    own.predicates_most AS most, peers.predicates_most AS peers_most
FROM weir.table_hours AS h
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'identity' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS own ON own.day = toDate(h.hour) AND own.identity = h.identity AND own.connection = h.connection AND own.table_name = h.table_name
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(h.hour) AND whole.identity = h.identity
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'peers' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS peers ON peers.day = toDate(h.hour) AND peers.identity_kind = h.identity_kind AND peers.connection = h.connection
    AND peers.peer_group = whole.peer_group AND peers.table_name = h.table_name
WHERE h.hour >= {from:DateTime64(6)} AND h.hour < {to:DateTime64(6)} AND h.table_name != ''
  AND if(own.days >= {newcomer_days:UInt64}, h.predicates >= {predicates:UInt64},
    h.predicates >= {newcomer_predicates:UInt64} AND h.predicates > peers.predicates_most)
  AND h.predicates >= {factor:Float64} * own.predicates_most AND h.most_rows <= {rows_each:UInt64}
  -- The same few statements, over and over, with other values.
  AND length(h.fingerprints) * 10 <= h.predicates
