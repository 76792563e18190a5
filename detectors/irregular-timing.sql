-- id: irregular-timing
-- title: Runs outside of a regular schedule
-- severity: medium
-- technique: T1053
-- schedule: stream
-- learning: 14
-- parameters: { history: 14, regular: 0.9, supported: 0.5, tight: 2, loose: 12, often: 12, days: 3, runs: 3, rare_slots: 4, extra_days: 2, odd_days: 3 }
-- explain: "{odd_seen} runs in {days} days at minutes at which it does not run, the last at {last_at} (minutes of the day, UTC: {minutes}); before, {regularly} of its runs came at the same minutes day after day, {runs_a_day} a day"
WITH starts AS (
    -- Minutes since the epoch at which activity began, in order, of whoever was active.
    SELECT identity, any(d.on_behalf_of) AS on_behalf_of, groupUniqArrayArrayIf(20)(d.sessions, d.day >= toDate({from:DateTime64(6)}) - {days:UInt16}) AS session_ids,
        arraySort(arrayFlatten(groupArray(arrayMap(m -> toInt64(toRelativeDayNum(d.day)) * 1440 + m, d.starts)))) AS minutes
    FROM weir.identity_days AS d
    WHERE d.day >= toDate({from:DateTime64(6)}) - {history:UInt16} AND d.day <= toDate({to:DateTime64(6)}) AND identity IN (
        SELECT identity FROM weir.identity_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
      -- Day after day: who rests at weekends has other times, too.
      AND identity IN (
        SELECT b.identity FROM weir.baselines AS b JOIN (SELECT identity, first_at FROM weir.first_uses WHERE kind = 'identity') AS who ON who.identity = b.identity
        WHERE b.scope = 'whole' AND b.day = toDate({from:DateTime64(6)}) AND b.days >= {regular:Float64} * least(28, dateDiff('day', who.first_at, {from:DateTime64(6)})))
    GROUP BY identity
)
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection, 'runs at other times' AS subject,
    toDateTime64(fromUnixTimestamp(toInt64(intDiv(t.odd_minute, 60) * 3600)), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, CAST([], 'Array(String)') AS statements,
    arrayFilter(m -> m <= t.odd_minute AND m > t.odd_minute - {days:UInt32} * 1440, t.odd) AS recent,
    length(recent) AS odd_seen, arrayMap(m -> m % 1440, recent) AS minutes, round(t.share, 2) AS regularly, t.a_day AS runs_a_day,
    fromUnixTimestamp(toInt64(t.odd_minute * 60)) AS last_at
FROM (
    SELECT identity, on_behalf_of, session_ids, all_minutes, today, past, past_days, a_day, near,
        -- In how many of these days something began within so many minutes of this time of the day.
        arrayMap(m -> length(arrayDistinct(arrayMap(p -> intDiv(p, 1440), arrayFilter(p -> abs((p - m + 720) % 1440 - 720) <= near OR abs((p - m - 720) % 1440 + 720) <= near, past)))), past) AS support,
        arrayCount(n -> n >= {supported:Float64} * past_days, support) / greatest(length(past), 1) AS share,
        arrayFilter((p, n) -> n >= {supported:Float64} * past_days, past, support) AS kept,
        arrayFilter(m -> m >= today - {days:UInt32} * 1440 AND NOT arrayExists(k -> abs((k - m + 720) % 1440 - 720) <= near OR abs((k - m - 720) % 1440 + 720) <= near, kept), all_minutes) AS odd,
        arrayJoin(odd) AS odd_minute
    FROM (
        -- Only of those with something in these hours that began at no usual time.
        SELECT identity, on_behalf_of, session_ids, s.minutes AS all_minutes, toInt64(toRelativeDayNum({from:DateTime64(6)})) * 1440 AS today,
            arrayFilter(m -> m < today - {days:UInt32} * 1440, all_minutes) AS past,
            length(arrayDistinct(arrayMap(m -> intDiv(m, 1440), past))) AS past_days,
            round(length(past) / greatest(past_days, 1)) AS a_day,
            if(a_day >= {often:UInt32}, {tight:Int64}, {loose:Int64}) AS near
        FROM starts AS s
        WHERE arrayExists(m -> m * 60 >= toUnixTimestamp({from:DateTime64(6)}) AND m * 60 < toUnixTimestamp({to:DateTime64(6)})
            AND arrayCount(p -> abs((p - m + 720) % 1440 - 720) <= near OR abs((p - m - 720) % 1440 + 720) <= near, past) < {supported:Float64} * past_days, all_minutes)
    ) AS s
    WHERE past_days >= {history:UInt16} - {days:UInt16} - 2 AND share >= {regular:Float64}
) AS t
WHERE window_start >= toStartOfHour({from:DateTime64(6)}) AND window_start < {to:DateTime64(6)}
  -- Late, or once more, is one day; a schedule that is not kept, or a second one, is several.
  AND if(t.a_day <= {rare_slots:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 1440), recent)) >= {odd_days:UInt64}
      -- Once more than it should, and not only at another time.
      OR arrayUniq(arrayFilter(d -> arrayCount(m -> intDiv(m, 1440) = d, t.all_minutes) > t.a_day, arrayMap(m -> intDiv(m, 1440), recent))) >= {extra_days:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 60), recent)) >= {runs:UInt64})
