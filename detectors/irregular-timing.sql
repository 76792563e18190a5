-- id: irregular-timing
-- title: Runs outside of a regular schedule
-- severity: medium
-- technique: T1053
-- schedule: stream
-- learning: 14
-- parameters: { history: 14, regular: 0.9, supported: 0.5, tight: 2, loose: 12, often: 12, days: 3, runs: 3, rare_slots: 4, extra_days: 2, odd_days: 3 }
-- explain: "{odd_seen} runs in {days} days at minutes at which it does not run, the last at {last_at} (minutes of the day, UTC: {minutes}); before, {regularly} of its runs came at the same minutes day after day, {runs_a_day} a day"
WITH settled AS (
    -- Whoever began something in these hours, with the minutes since the epoch at which its activity began.
    SELECT identity, any(d.on_behalf_of) AS on_behalf_of, groupUniqArrayArrayIf(20)(d.sessions, d.day >= toDate({from:DateTime64(6)}) - {days:UInt16}) AS session_ids,
        arrayFlatten(groupArray(arrayMap(m -> toInt64(toRelativeDayNum(d.day)) * 1440 + m, d.starts))) AS minutes,
        toInt64(toRelativeDayNum({from:DateTime64(6)}) - {days:UInt16}) * 1440 AS past_end, arrayFilter(m -> m < past_end, minutes) AS past,
        length(arrayDistinct(arrayMap(m -> intDiv(m, 1440), past))) AS past_days,
        round(length(past) / greatest(past_days, 1)) AS a_day
    FROM weir.identity_days AS d
    WHERE d.day >= toDate({from:DateTime64(6)}) - {history:UInt16} AND d.day <= toDate({to:DateTime64(6)}) AND identity IN (
        SELECT identity FROM weir.identity_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
      -- Day after day: who rests at weekends has other times, too.
      AND identity IN (
        SELECT b.identity FROM weir.baselines AS b JOIN (SELECT identity, first_at FROM weir.first_uses WHERE kind = 'identity') AS who ON who.identity = b.identity
        WHERE b.scope = 'whole' AND b.day = toDate({from:DateTime64(6)}) AND b.days >= {regular:Float64} * least(28, dateDiff('day', who.first_at, {from:DateTime64(6)})))
    GROUP BY identity
    HAVING past_days >= {history:UInt16} - {days:UInt16} - 2
      AND arrayExists(m -> m * 60 >= toUnixTimestamp({from:DateTime64(6)}) AND m * 60 < toUnixTimestamp({to:DateTime64(6)}), minutes)
)
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection, 'runs at other times' AS subject,
    toDateTime64(fromUnixTimestamp(toInt64(intDiv(t.odd_minute, 60) * 3600)), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, CAST([], 'Array(String)') AS statements, t.recent AS recent,
    length(t.recent) AS odd_seen, arrayMap(m -> m % 1440, t.recent) AS minutes, round(t.share, 2) AS regularly, t.a_day AS runs_a_day,
    fromUnixTimestamp(toInt64(t.odd_minute * 60)) AS last_at
FROM (
    SELECT identity, any(s.on_behalf_of) AS on_behalf_of, anyIf(s.some_sessions, notEmpty(s.some_sessions)) AS session_ids, any(s.a_day) AS a_day,
        countIf(s.is_kept) / greatest(countIf(s.is_past), 1) AS share,
        groupUniqArrayIf(s.day, s.on_day > s.a_day) AS full_days,
        arraySort(groupArrayIf(s.minute, NOT s.is_past AND NOT s.is_near_kept)) AS odd,
        arrayJoin(odd) AS odd_minute,
        arrayFilter(m -> m <= odd_minute AND m > odd_minute - {days:UInt32} * 1440, odd) AS recent
    FROM (
        SELECT *, if(a_day >= {often:UInt32}, max(is_kept) OVER tight, max(is_kept) OVER loose) AS is_near_kept
        FROM (
            SELECT * EXCEPT slot, is_past AND near_days >= {supported:Float64} * past_days AS is_kept,
                arrayJoin([-1440, 0, 1440]) AS lap, minute % 1440 + lap AS slot
            FROM (
                -- In how many days of the past, and how often, something began within so many minutes of this time of the day.
                SELECT *, if(a_day >= {often:UInt32}, uniqExactIf(day, is_past) OVER tight, uniqExactIf(day, is_past) OVER loose) AS near_days,
                    if(a_day >= {often:UInt32}, countIf(is_past) OVER tight, countIf(is_past) OVER loose) AS near_starts,
                    countIf(turn = 0) OVER (PARTITION BY identity, day) AS on_day
                FROM (
                    -- The clock goes around: what is before midnight is near to what is after it.
                    SELECT identity, on_behalf_of, some_sessions, past_days, a_day, minute, arrayJoin([-1440, 0, 1440]) AS turn,
                        minute < past_end AS is_past, intDiv(minute, 1440) AS day, minute % 1440 + turn AS slot
                    FROM settled
                    -- Its sessions stand with one of them.
                    ARRAY JOIN minutes AS minute, arrayResize([session_ids], length(minutes)) AS some_sessions
                )
                WHERE abs(slot - 720) <= 720 + greatest({tight:Int64}, {loose:Int64})
                WINDOW tight AS (PARTITION BY identity ORDER BY slot RANGE BETWEEN {tight:Int64} PRECEDING AND {tight:Int64} FOLLOWING), loose AS (PARTITION BY identity ORDER BY slot RANGE BETWEEN {loose:Int64} PRECEDING AND {loose:Int64} FOLLOWING)
            )
            WHERE turn = 0
        )
        WHERE abs(slot - 720) <= 720 + greatest({tight:Int64}, {loose:Int64})
        WINDOW tight AS (PARTITION BY identity ORDER BY slot RANGE BETWEEN {tight:Int64} PRECEDING AND {tight:Int64} FOLLOWING), loose AS (PARTITION BY identity ORDER BY slot RANGE BETWEEN {loose:Int64} PRECEDING AND {loose:Int64} FOLLOWING)
    ) AS s
    WHERE lap = 0
    GROUP BY identity
    HAVING share >= {regular:Float64}
      -- Only of those with something in these hours that began at no usual time.
      AND countIf(s.minute * 60 >= toUnixTimestamp({from:DateTime64(6)}) AND s.minute * 60 < toUnixTimestamp({to:DateTime64(6)}) AND s.near_starts < {supported:Float64} * s.past_days) > 0
) AS t
WHERE window_start >= toStartOfHour({from:DateTime64(6)}) AND window_start < {to:DateTime64(6)}
  -- Late, or once more, is one day; a schedule that is not kept, or a second one, is several.
  AND if(t.a_day <= {rare_slots:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 1440), t.recent)) >= {odd_days:UInt64}
      -- Once more than it should, and not only at another time.
      OR length(arrayIntersect(t.full_days, arrayMap(m -> intDiv(m, 1440), t.recent))) >= {extra_days:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 60), t.recent)) >= {runs:UInt64})
