-- id: missed-run
-- title: Regular runs that did not come
-- severity: medium
-- technique: T1489
-- schedule: hour
-- learning: 14
-- parameters: { regular: 0.9, most_slots: 30, missed: 4, few: 2, hours: 10, one_hours: 20 }
-- explain: "{missed_seen} regular runs did not come since {due_at}; the last activity was at {last_at}"
WITH regular AS (
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
    t.identity AS identity, '' AS on_behalf_of, '' AS connection, 'missed runs' AS subject,
    toDateTime64(toStartOfHour(fromUnixTimestamp(toInt64(t.due[1] * 60))), 6) AS window_start, toDateTime64(t.ends, 6) AS window_end,
    CAST([], 'Array(String)') AS sessions, CAST([], 'Array(String)') AS statements,
    length(t.due) AS missed_seen, arrayCount(s -> s + 105 <= t.now_minute, t.due) AS missed_before, t.now_minute - t.due[1] AS waited, fromUnixTimestamp(toInt64(t.due[1] * 60)) AS due_at, fromUnixTimestamp(toInt64(t.last * 60)) AS last_at
FROM (
    SELECT r.identity AS identity, h.ends AS ends, toUInt32(intDiv(toUnixTimestamp(h.ends), 60)) AS now_minute,
        arrayMax(arrayFilter(m -> m < now_minute, a.minutes)) AS last,
        -- Times of its schedule since then: 20 minutes early to half an hour late is in time.
        arraySort(arrayFilter(s -> s > last + 20 AND s + 45 <= now_minute, arrayFlatten(arrayMap(d -> arrayMap(q -> toUInt32(d * 1440 + toUInt32(q) * 15), r.usual),
            range(toUInt32(intDiv(now_minute, 1440) - 3), toUInt32(intDiv(now_minute, 1440) + 1)))))) AS due
    FROM regular AS r
    JOIN (
        SELECT arrayJoin(arrayMap(i -> toStartOfHour({from:DateTime64(6)}) + toIntervalHour(i + 1),
            range(toUInt32(dateDiff('hour', {from:DateTime64(6)}, {to:DateTime64(6)}))))) AS ends, toDate(ends - toIntervalSecond(1)) AS on_day
    ) AS h ON h.on_day = r.day
    JOIN (
        SELECT identity, groupArray(toUInt32(toUnixTimestamp(last_at) / 60)) AS minutes FROM weir.identity_hours
        WHERE hour >= {from:DateTime64(6)} - toIntervalDay(3) AND hour < {to:DateTime64(6)} GROUP BY identity
    ) AS a ON a.identity = r.identity
) AS t
WHERE t.last > 0 AND notEmpty(t.due)
  -- One that is late comes hours later; one is left out now and then. Said once, in the hour in which it is enough.
  AND (missed_seen >= {missed:UInt64} OR missed_seen >= {few:UInt64} AND waited >= {hours:UInt32} * 60 OR waited >= {one_hours:UInt32} * 60)
  AND NOT (missed_before >= {missed:UInt64} OR missed_before >= {few:UInt64} AND waited >= {hours:UInt32} * 60 + 60
    OR waited >= {one_hours:UInt32} * 60 + 60)
