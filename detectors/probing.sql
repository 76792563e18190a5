-- id: probing
-- title: Refusals and one variant after another, or look-up windows nearly used up
-- severity: medium
-- technique: T1595
-- schedule: stream
-- parameters: { refusals: 6, variants: 3, over_budget: 50, factor: 3, share: 0.15, many: 15, near: 20 }
-- risk: watch
-- explain: "{refusals_seen} statements refused between {first_at} and {last_at:time}, {variants_seen} variants of them, {over_budget_seen} past a budget, {near_seen} that left a look-up window nearly used up; own most refusals in an hour of the last 28 days: {most}"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, '' AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.refusals_seen AS refusals_seen, t.variants_seen AS variants_seen, t.over_budget_seen AS over_budget_seen,
    t.near_seen AS near_seen, whole.lookups_near_most AS near_most,
    t.first_at AS first_at, t.last_at AS last_at, whole.denied_most AS most
FROM (
    SELECT hour, identity, connection, any(on_behalf_of) AS on_behalf_of, countIf(status = 'denied') AS refusals_seen,
        count() AS statements_seen,
        uniqExactIf(predicate, status = 'denied') AS variants_seen,
        countIf(status = 'over_budget' OR sqlstate = 'WK002') AS over_budget_seen,
        countIf(is_near) AS near_seen,
        minIf(time, is_telling) AS first_at, maxIf(time, is_telling) AS last_at,
        groupUniqArrayIf(20)(session_id, is_telling) AS session_ids, groupUniqArrayIf(20)(statement_id, is_telling) AS ids
    FROM (
        SELECT *, lookups_limit > 0 AND lookups_used * 10 >= lookups_limit * 9 AS is_near,
            is_near OR status IN ('denied', 'over_budget') AS is_telling
        FROM weir.activity
    ) AS a
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND type = 'StatementOutcome'
    GROUP BY hour, identity, connection
) AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
WHERE (t.refusals_seen >= {refusals:UInt64} AND t.variants_seen >= {variants:UInt64} 
    AND (t.refusals_seen >= {share:Float64} * t.statements_seen OR t.refusals_seen >= {many:UInt64})
    OR t.over_budget_seen >= {over_budget:UInt64})
  AND t.refusals_seen >= {factor:Float64} * most
  OR t.near_seen >= {near:UInt64} AND t.near_seen >= {factor:Float64} * near_most
