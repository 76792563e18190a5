-- id: probing
-- title: Refusals and one variant after another, or look-up windows nearly used up
-- severity: medium
-- technique: T1595
-- schedule: stream
-- parameters: { in_a_row: 6, variants: 3, over_budget: 50, near: 20, factor: 3 }
-- risk: watch
-- explain: "{in_a_row_seen} statements in a row refused between {first_at} and {last_at:time}, in {sessions_seen} sessions, {variants_seen} variants of them, {over_budget_seen} past a budget, {near_seen} that left a look-up window nearly used up"
WITH telling AS (
    SELECT session_id FROM weir.activity
    WHERE hour >= {from:DateTime64(6)} - toIntervalHour(1) AND hour < {to:DateTime64(6)} AND type = 'StatementOutcome'
      AND (status IN ('denied', 'over_budget') OR sqlstate = 'WK002' OR lookups_limit > 0 AND lookups_used * 10 >= lookups_limit * 9)
)
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, '' AS subject,
    toDateTime64(t.bucket, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.in_a_row_seen AS in_a_row_seen, t.sessions_seen AS sessions_seen, t.variants_seen AS variants_seen,
    t.over_budget_seen AS over_budget_seen, t.near_seen AS near_seen,
    whole.lookups_near_most AS near_most, t.first_at AS first_at, t.last_at AS last_at
FROM (
    SELECT s.bucket AS bucket, s.identity AS identity, s.connection AS connection, any(s.on_behalf_of) AS on_behalf_of,
        -- Of one session, or of many that each begin with it.
        greatest(max(s.longest), if(max(s.is_at_first_now), sum(s.at_first), 0)) AS in_a_row_seen, countIf(s.last_at > toDateTime64(0, 6)) AS sessions_seen,
        length(arrayDistinct(arrayFlatten(groupArray(s.variants)))) AS variants_seen,
        sum(s.over_budget_seen) AS over_budget_seen, sum(s.near_seen) AS near_seen,
        minIf(s.first_at, s.last_at > toDateTime64(0, 6)) AS first_at, max(s.last_at) AS last_at,
        groupUniqArray(20)(s.session_id) AS session_ids, groupUniqArrayArray(20)(s.ids) AS ids
    FROM (
        SELECT session_id, bucket, any(identity) AS identity, any(connection) AS connection, any(on_behalf_of) AS on_behalf_of,
            -- Who is told no says it differently, and mostly once; then it does something else. What touches nothing says nothing.
            splitByChar('.', arrayStringConcat(arrayMap(s -> s.2, arraySort(groupArrayIf(
                (seq, multiIf(status != 'denied', '.', hour = bucket, 'X', 'x')), type = 'StatementOutcome' AND (status = 'denied' OR notEmpty(tables))))))) AS rows_of_no,
            arrayMax(arrayMap(no -> length(no), arrayFilter(no -> position(no, 'X') > 0, rows_of_no))) AS longest,
            if(countIf(type = 'SessionStarted') > 0, length(rows_of_no[1]), 0) AS at_first,
            at_first > 0 AND position(rows_of_no[1], 'X') > 0 AS is_at_first_now,
            groupUniqArrayIf(1000)(predicate, status = 'denied') AS variants,
            countIf(hour = bucket AND (status = 'over_budget' OR sqlstate = 'WK002')) AS over_budget_seen,
            countIf(hour = bucket AND is_near) AS near_seen,
            minIf(time, is_telling) AS first_at, maxIf(time, is_telling) AS last_at,
            groupUniqArrayIf(20)(statement_id, is_telling) AS ids
        FROM (
            SELECT *, lookups_limit > 0 AND lookups_used * 10 >= lookups_limit * 9 AS is_near,
                type = 'StatementOutcome' AND (is_near OR status IN ('denied', 'over_budget') OR sqlstate = 'WK002') AS is_telling,
                -- What began before an hour was over goes on in the next one.
                arrayJoin([hour, hour + toIntervalHour(1)]) AS bucket
            FROM weir.activity
            WHERE hour >= {from:DateTime64(6)} - toIntervalHour(1) AND hour < {to:DateTime64(6)} AND session_id IN (SELECT session_id FROM telling)
        ) AS a
        GROUP BY session_id, bucket
    ) AS s
    GROUP BY s.bucket, s.identity, s.connection
    HAVING last_at >= toDateTime64(bucket, 6)
) AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.bucket) AND whole.identity = t.identity
WHERE t.bucket >= {from:DateTime64(6)} AND t.bucket < {to:DateTime64(6)}
  AND (t.in_a_row_seen >= {in_a_row:UInt64} AND t.variants_seen >= {variants:UInt64} OR t.over_budget_seen >= {over_budget:UInt64}
    OR t.near_seen >= {near:UInt64} AND t.near_seen >= {factor:Float64} * near_most)
