-- id: irregular-timing
-- title: Runs outside of a regular schedule
-- severity: medium
-- technique: T1053
-- schedule: stream
-- learning: 14
-- parameters: { regular: 0.9, most_slots: 30, days: 3, runs: 3, rare_slots: 4, extra_days: 2, odd_days: 3 }
-- explain: "{odd_seen} runs in {days} days at times at which it does not run, the last at {last_at} (minutes of the day, UTC: {minutes}); its {slots} usual times: {usual}"
WITH regular AS (
    -- Whose starts of the 28 days fall into few quarters of an hour, day after day.
    SELECT b.day AS day, b.identity AS identity, days, starts,
        arrayFilter(q -> starts[q] + starts[(q + 1) % 96] + starts[(q + 95) % 96] >= 0.7 * days
            AND starts[q] >= starts[(q + 95) % 96] AND starts[q] > starts[(q + 1) % 96], mapKeys(starts)) AS usual
    FROM weir.baselines AS b
    JOIN (SELECT identity, first_at FROM weir.first_uses WHERE kind = 'identity') AS who ON who.identity = b.identity
    WHERE scope = 'whole' AND b.day >= toDate({from:DateTime64(6)}) AND b.day <= toDate({to:DateTime64(6)}) AND days >= 13
      AND days >= 0.9 * least(28, dateDiff('day', who.first_at, toDateTime64(b.day, 6)))
      AND notEmpty(usual) AND length(usual) <= {most_slots:UInt64}
      AND arraySum((q, n) -> if(arrayExists(u -> least(abs(toInt16(u) - toInt16(q)), 96 - abs(toInt16(u) - toInt16(q))) <= 1, usual), n, 0),
            mapKeys(starts), mapValues(starts)) >= {regular:Float64} * arraySum(mapValues(starts))
)
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection,
    'runs at other times' AS subject,
    toDateTime64(fromUnixTimestamp(toInt64(intDiv(t.odd_minute, 60) * 3600)), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, CAST([], 'Array(String)') AS statements,
    arrayFilter(m -> m <= t.odd_minute AND m > t.odd_minute - {days:UInt32} * 1440, t.odd) AS recent,
    length(recent) AS odd_seen, arrayMap(m -> m % 1440, recent) AS minutes, arrayMap(q -> toUInt32(q) * 15, t.usual) AS usual, length(usual) AS slots,
    fromUnixTimestamp(toInt64(t.odd_minute * 60)) AS last_at
FROM (
    SELECT r.day AS day, d.identity AS identity, any(d.on_behalf_of) AS on_behalf_of, any(r.usual) AS usual, groupUniqArrayArray(20)(d.sessions) AS session_ids,
        arraySort(arrayFlatten(groupArray(arrayMap(m -> toUInt32(toUInt32(toRelativeDayNum(d.day)) * 1440 + m), d.starts)))) AS starts,
        arrayFilter(m -> NOT arrayExists(u -> least(abs(toInt16(u) - toInt16(intDiv(m % 1440, 15))), 96 - abs(toInt16(u) - toInt16(intDiv(m % 1440, 15)))) <= 1, usual),
            starts) AS odd,
        arrayJoin(odd) AS odd_minute
    FROM weir.identity_days AS d
    JOIN regular AS r ON r.identity = d.identity
    WHERE d.day >= toDate({from:DateTime64(6)}) - {days:UInt16} AND d.day <= toDate({to:DateTime64(6)})
    GROUP BY r.day, d.identity
) AS t
WHERE window_start >= toStartOfHour({from:DateTime64(6)}) AND window_start < {to:DateTime64(6)} AND t.day = toDate(window_start)
  -- Late, or once more, is one day; a schedule that is not kept, or a second one, is several.
  AND if(slots <= {rare_slots:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 1440), recent)) >= {odd_days:UInt64}
      -- Once more than it should, and not only at another time.
      OR arrayUniq(arrayFilter(d -> arrayCount(m -> intDiv(m, 1440) = d, t.starts) > slots, arrayMap(m -> intDiv(m, 1440), recent))) >= {extra_days:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 60), recent)) >= {runs:UInt64})
