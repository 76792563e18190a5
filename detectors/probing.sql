-- id: probing
-- title: Refusals and one variant after another, or look-up windows nearly used up
-- severity: medium
-- technique: T1595
-- schedule: stream
-- parameters: { in_a_row: 6, variants: 3, over_budget: 50, near: 20, factor: 3 }
-- risk: watch
-- explain: "{in_a_row_seen} statements in a row refused between {first_at} and {last_at:time}, {variants_seen} variants of them, {over_budget_seen} past a budget, {near_seen} that left a look-up window nearly used up"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, '' AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [t.session_id] AS sessions, t.ids AS statements,
    -- Who is told no says it differently, and mostly once; then it does something else.
    arrayMax(arrayMap(row -> length(row), splitByChar('.', arrayStringConcat(arrayMap(s -> if(s.2, 'x', '.'), arraySort(t.answers)))))) AS in_a_row_seen,
    t.variants_seen AS variants_seen, t.over_budget_seen AS over_budget_seen, t.near_seen AS near_seen,
    whole.lookups_near_most AS near_most, t.first_at AS first_at, t.last_at AS last_at
FROM (
    SELECT session_id, any(identity) AS identity, any(connection) AS connection, any(on_behalf_of) AS on_behalf_of,
        groupArray((seq, status = 'denied')) AS answers, uniqExactIf(predicate, status = 'denied') AS variants_seen,
        countIf(status = 'over_budget' OR sqlstate = 'WK002') AS over_budget_seen,
        countIf(is_near) AS near_seen, minIf(time, is_telling) AS first_at, maxIf(time, is_telling) AS last_at,
        toStartOfHour(last_at) AS hour,
        groupUniqArrayIf(20)(statement_id, is_telling) AS ids
    FROM (
        SELECT *, lookups_limit > 0 AND lookups_used * 10 >= lookups_limit * 9 AS is_near,
            is_near OR status IN ('denied', 'over_budget') AS is_telling
        FROM weir.activity
    ) AS a
    WHERE a.hour >= {from:DateTime64(6)} - toIntervalHour(2) AND a.hour < {to:DateTime64(6)} AND type = 'StatementOutcome'
      AND session_id IN (
        SELECT session_id FROM weir.activity
        WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} 
          AND (status IN ('denied', 'over_budget') OR lookups_limit > 0 AND lookups_used * 10 >= lookups_limit * 9))
    GROUP BY session_id
) AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
WHERE t.hour >= {from:DateTime64(6)}
  AND (in_a_row_seen >= {in_a_row:UInt64} AND t.variants_seen >= {variants:UInt64} OR t.over_budget_seen >= {over_budget:UInt64}
    OR t.near_seen >= {near:UInt64} AND t.near_seen >= {factor:Float64} * near_most)
