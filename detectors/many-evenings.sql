-- id: many-evenings
-- title: Evening after evening at work, as never before
-- severity: medium
-- technique: T1078
-- schedule: stream
-- learning: 14
-- parameters: { days: 6, evenings: 3, late_from: 7, late_to: 18, usual: 2, busy: 2 }
-- explain: "active at {clock} o'clock, on {evenings_seen} evenings of the last {days} days; on {before_seen} evenings of the weeks before; by 28 days the middle of its working day is {middle} o'clock"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, '' AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.sessions AS sessions, t.statement_ids AS statements,
    t.first_at AS first_at, t.last_at AS last_at, toUInt8(toHour(t.hour, {timezone:String})) AS clock,
    mapAdd(whole.workday_hours, whole.offday_hours) AS by_hour,
    -- The hour to which all others are nearest, on a clock of 24 hours.
    arraySort(m -> arraySum((k, n) -> n * pow(least(abs(toInt16(k) - m), 24 - abs(toInt16(k) - m)), 2), mapKeys(by_hour), mapValues(by_hour)),
        range(24))[1] AS middle,
    (toInt16(clock) - toInt16(middle) + 24) % 24 AS after_middle,
    -- The day to which a late hour belongs is the one that its middle lies in.
    arrayMap(h -> (toDate(h - toIntervalHour(12), {timezone:String}), (toInt16(toHour(h, {timezone:String})) - toInt16(middle) + 24) % 24), arrayFilter(h -> h <= t.hour, past.hours)) AS hours_seen,
    length(arrayDistinct(arrayMap(h -> h.1, arrayFilter(h -> h.2 >= {late_from:UInt8} AND h.2 < {late_to:UInt8} AND h.1 > toDate(t.hour - toIntervalHour(12), {timezone:String}) - {days:UInt16}, hours_seen)))) AS evenings_seen,
    length(arrayDistinct(arrayMap(h -> h.1, arrayFilter(h -> h.2 >= {late_from:UInt8} AND h.2 < {late_to:UInt8} AND h.1 <= toDate(t.hour - toIntervalHour(12), {timezone:String}) - {days:UInt16}, hours_seen)))) AS before_seen
FROM weir.identity_hours AS t
JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
JOIN (
    SELECT identity, groupUniqArray(hour) AS hours FROM weir.identity_hours
    WHERE hour >= {from:DateTime64(6)} - toIntervalDay(34) AND hour < {to:DateTime64(6)} AND identity IN (
        SELECT identity FROM weir.identity_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND on_behalf_of != '')
    GROUP BY identity
) AS past ON past.identity = t.identity
WHERE t.hour >= {from:DateTime64(6)} AND t.hour < {to:DateTime64(6)} AND t.on_behalf_of != '' AND t.statements > 0
  -- Who works late, or is called, every week does so this week, too.
  AND whole.hours >= {busy:UInt64} * whole.days AND after_middle >= {late_from:UInt8} AND after_middle < {late_to:UInt8}
  AND evenings_seen >= {evenings:UInt64} AND before_seen < {usual:UInt64}
