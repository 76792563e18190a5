-- id: sensitive-volume
-- title: More values of a sensitive class than ever
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { values: 3000, factor: 6 }
-- risk: high
-- explain: "{values_out} values of class {subject} in results between {first_at} and {last_at:time}, {masked_out} masked and {revealed_out} in the clear; own most in an hour of the last 28 days: {most}"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection, t.class AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.masked_out + t.revealed_out AS values_out, t.masked_out AS masked_out, t.revealed_out AS revealed_out,
    t.first_at AS first_at, t.last_at AS last_at,
    -- Baselines of before values in the clear were counted have those that were masked.
    greatest(whole.values_most[t.class], whole.masked_most[t.class]) AS most
FROM (
    SELECT hour, identity, any(h.on_behalf_of) AS on_behalf_of, toString(class) AS class, sum(h.masked[class]) AS masked_out,
        sum(h.revealed[class]) AS revealed_out, min(h.first_at) AS first_at, max(h.last_at) AS last_at, groupUniqArrayArray(20)(h.sessions) AS session_ids,
        groupUniqArrayArray(20)(h.statement_ids) AS ids
    FROM weir.identity_hours AS h ARRAY JOIN arrayDistinct(arrayConcat(mapKeys(h.masked), mapKeys(h.revealed))) AS class
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}
    GROUP BY hour, identity, class
) AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
WHERE values_out >= {values:UInt64} AND values_out >= {factor:Float64} * most
