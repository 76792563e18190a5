-- id: sensitive-volume
-- title: More values of a sensitive class than ever
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { values: 3000, factor: 6 }
-- risk: high
-- explain: "{values_out} values of class {subject} in results between {first_at} and {last_at:time}; own most in an hour of the last 28 days: {most}"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection, t.class AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.values_out AS values_out, t.first_at AS first_at, t.last_at AS last_at, whole.masked_most[t.class] AS most
FROM (
    SELECT hour, identity, any(h.on_behalf_of) AS on_behalf_of, toString(class) AS class, sum(h.masked[class]) AS values_out,
        min(h.first_at) AS first_at, max(h.last_at) AS last_at, groupUniqArrayArray(20)(h.sessions) AS session_ids,
        groupUniqArrayArray(20)(h.statement_ids) AS ids
    FROM weir.identity_hours AS h ARRAY JOIN mapKeys(h.masked) AS class
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}
    GROUP BY hour, identity, class
) AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
WHERE t.values_out >= {values:UInt64} AND t.values_out >= {factor:Float64} * most
