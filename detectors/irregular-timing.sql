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
        arraySort(arrayFlatten(groupArray(arrayMap(m -> toInt64(toRelativeDayNum(d.day)) * 1440 + m, d.starts)))) AS minutes,
        arrayFilter(m -> m * 60 >= toUnixTimestamp({from:DateTime64(6)}) AND m * 60 < toUnixTimestamp({to:DateTime64(6)}), minutes) AS here
    FROM weir.identity_days AS d
    WHERE d.day >= toDate({from:DateTime64(6)}) - {history:UInt16} AND d.day <= toDate({to:DateTime64(6)}) AND identity IN (
        SELECT identity FROM weir.identity_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
      -- Day after day: who rests at weekends has other times, too.
      AND identity IN (
        SELECT b.identity FROM weir.baselines AS b JOIN (SELECT identity, first_at FROM weir.first_uses WHERE kind = 'identity') AS who ON who.identity = b.identity
        WHERE b.scope = 'whole' AND b.day = toDate({from:DateTime64(6)}) AND b.days >= {regular:Float64} * least(28, dateDiff('day', who.first_at, {from:DateTime64(6)})))
    GROUP BY identity
    HAVING notEmpty(here)
)
-- Starts are not compared each with each other: what is near to one and what is asked for are sorted by minute of the day, and counted
-- through. An array that a lambda names is copied for each element: only the past is, as often as there are minutes that are near.
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection, 'runs at other times' AS subject,
    toDateTime64(fromUnixTimestamp(toInt64(intDiv(t.odd_minute, 60) * 3600)), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, CAST([], 'Array(String)') AS statements, t.recent AS recent,
    length(t.recent) AS odd_seen, arrayMap(m -> m % 1440, t.recent) AS minutes, round(t.share, 2) AS regularly, t.a_day AS runs_a_day,
    fromUnixTimestamp(toInt64(t.odd_minute * 60)) AS last_at
FROM (
    SELECT identity, on_behalf_of, session_ids, share, a_day,
        -- With more runs than a day has: each once, at its first too many.
        arrayFilter((d, n) -> n = a_day + 1, on_days, arrayEnumerateUniq(on_days)) AS full_days,
        arraySort(arrayFilter((m, n, own) -> m > 0 AND n = own, codes.2, arrayEnumerateUniq(codes.1), arrayEnumerateUniq(codes.1, arrayMap(m -> m > 0, codes.2)))) AS odd,
        arrayJoin(odd) AS odd_minute,
        arrayFilter(m -> m <= odd_minute AND m > odd_minute - {days:UInt32} * 1440, odd) AS recent
    FROM (
        SELECT identity, on_behalf_of, session_ids, a_day, length(kept) / greatest(length(past), 1) AS share, arrayMap(m -> intDiv(m, 1440), minutes) AS on_days,
            -- By minute of the day: 0 where something that is kept is near; after it the last starts.
            arraySort(arrayConcat(
                arrayDistinct(arrayFlatten(arrayMap(k -> arrayMap(o -> ((k + o) % 1440, toInt64(0)), range(1440 - near, 1441 + near)), arrayDistinct(kept)))),
                arrayMap(m -> (m % 1440, m), arrayFilter(m -> m >= today - {days:UInt32} * 1440, minutes)))) AS codes
        FROM (
            SELECT identity, on_behalf_of, session_ids, minutes, today, past, a_day, near,
                -- The minute of the day of each start of the past that has something near to it in enough of these days.
                arrayFilter((s, c, n, own) -> c % 131072 = 65536 AND n - own >= {supported:Float64} * past_days, slots, codes, arrayEnumerateUniq(slots), arrayEnumerateUniq(codes)) AS kept
            FROM (
                SELECT identity, on_behalf_of, session_ids, minutes, today, past, past_days, a_day, near,
                    -- By minute of the day (131072 apart): each day with something near to it; after them 65536 for each start.
                    arraySort(arrayConcat(
                        arrayDistinct(arrayFlatten(arrayMap(o -> arrayMap(p -> toUInt32((p + o) % 1440 * 131072 + intDiv(p, 1440)), past), range(-near, near + 1)))),
                        arrayMap(p -> toUInt32(p % 1440 * 131072 + 65536), past))) AS codes,
                    arrayMap(c -> toInt64(intDiv(c, 131072)), codes) AS slots
                FROM (
                    SELECT *,
                        -- The past three times, for the clock goes around (1); where what is near to each of these hours' begins (0), and ends (2).
                        arraySort(arrayFlatten(arrayConcat(
                            arrayMap(p -> [p % 1440 * 3 + 1, p % 1440 * 3 + 4321, p % 1440 * 3 + 8641], past),
                            arrayMap(m -> [(m % 1440 + 1440 - near) * 3, (m % 1440 + 1440 + near) * 3 + 2], here)))) AS marks
                    FROM (
                        SELECT *, toInt64(toRelativeDayNum({from:DateTime64(6)})) * 1440 AS today, arrayFilter(m -> m < today - {days:UInt32} * 1440, minutes) AS past,
                            length(arrayDistinct(arrayMap(m -> intDiv(m, 1440), past))) AS past_days,
                            round(length(past) / greatest(past_days, 1)) AS a_day,
                            if(a_day >= {often:UInt32}, {tight:Int64}, {loose:Int64}) AS near
                        FROM starts
                    )
                )
                -- Only of those with something in these hours that began at no usual time. All are near within as much: as they begin, they end.
                WHERE past_days >= {history:UInt16} - {days:UInt16} - 2
                  AND arrayExists((begins, ends) -> ends - begins < {supported:Float64} * past_days,
                    arrayFilter((n, c) -> c % 3 = 0, arrayCumSum(arrayMap(c -> c % 3 = 1, marks)), marks),
                    arrayFilter((n, c) -> c % 3 = 2, arrayCumSum(arrayMap(c -> c % 3 = 1, marks)), marks))
            )
        )
        WHERE share >= {regular:Float64}
    )
) AS t
WHERE window_start >= toStartOfHour({from:DateTime64(6)}) AND window_start < {to:DateTime64(6)}
  -- Late, or once more, is one day; a schedule that is not kept, or a second one, is several.
  AND if(t.a_day <= {rare_slots:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 1440), t.recent)) >= {odd_days:UInt64}
      -- Once more than it should, and not only at another time.
      OR length(arrayIntersect(t.full_days, arrayMap(m -> intDiv(m, 1440), t.recent))) >= {extra_days:UInt64},
    arrayUniq(arrayMap(m -> intDiv(m, 60), t.recent)) >= {runs:UInt64})
