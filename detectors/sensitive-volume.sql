-- id: sensitive-volume
-- title: More values of a sensitive class than ever
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { values: 2500, factor: 1.2, pages: 20, new_pages: 4, quick_pages: 2, pace: 15, alone: 50, newcomer_values: 30000, newcomer_pages: 40, newcomer_days: 5 }
-- risk: high
-- explain: "{values_out} values of class {subject} in results between {first_at} and {last_at:time}, {masked_out} masked and {revealed_out} in the clear, by one query, {kind}, in {runs} statements; own most in an hour of 28 days: {most}"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, t.class AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.values_out AS values_out, t.masked_out AS masked_out, t.revealed_out AS revealed_out, t.runs AS runs, t.first_at AS first_at, t.last_at AS last_at,
    -- Baselines of before values in the clear were counted have those that were masked.
    greatest(whole.values_most[t.class], whole.masked_most[t.class]) AS most,
    news.first_at >= toDateTime64(t.hour, 6) AND NOT arrayExists(b -> b <= news.first_at AND b > news.first_at - toIntervalDay(1), built.builds) AS is_new,
    if(is_new, 'which it never ran before', 'which it runs') AS kind,
    -- Nobody reads a page in so many seconds; a batch does.
    t.on_behalf_of != '' AND t.runs > 1 AND dateDiff('second', t.first_at, t.last_at) <= {pace:Float64} * (t.runs - 1) AS is_quick
FROM (
    SELECT hour, identity, connection, fingerprint, toString(class) AS class, any(a.on_behalf_of) AS on_behalf_of, sum(a.masked[class]) AS masked_out, sum(a.revealed[class]) AS revealed_out, masked_out + revealed_out AS values_out,
        count() AS runs, min(time) AS first_at, max(time) AS last_at, groupUniqArray(20)(session_id) AS session_ids, groupUniqArray(20)(statement_id) AS ids
    FROM weir.activity AS a ARRAY JOIN arrayDistinct(arrayConcat(mapKeys(a.masked), mapKeys(a.revealed))) AS class
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND type = 'StatementOutcome' AND decision != 'hold'
    GROUP BY hour, identity, connection, fingerprint, class
    HAVING values_out >= {values:UInt64}
) AS t
LEFT JOIN (
    SELECT identity, connection, value, first_at FROM weir.first_uses
    WHERE kind = 'fingerprint' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)}
) AS news ON news.identity = t.identity AND news.connection = t.connection AND news.value = t.fingerprint
LEFT JOIN (
    SELECT identity, groupArrayIf(first_at, kind = 'reference') AS changes, if(notEmpty(changes), changes, groupArray(first_at)) AS builds FROM weir.first_uses
    WHERE kind IN ('reference', 'image') AND value != '' AND first_at >= {from:DateTime64(6)} - toIntervalDay(2) AND first_at < {to:DateTime64(6)} GROUP BY identity
) AS built ON built.identity = t.identity
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
WHERE if(whole.days >= {newcomer_days:UInt64},
    t.values_out >= {factor:Float64} * most AND (is_new AND (t.runs >= {new_pages:UInt64} OR is_quick AND t.runs >= {quick_pages:UInt64}) OR t.runs >= {pages:UInt64} AND t.runs > 0.75 * whole.statements_most)
      OR t.values_out >= {alone:Float64} * greatest(most, whole.rows_most),
    t.values_out >= {newcomer_values:UInt64} AND (t.on_behalf_of != '' OR t.runs >= {newcomer_pages:UInt64}))
