-- id: out-of-hours
-- title: Activity while its people sleep
-- severity: medium
-- technique: T1078
-- schedule: stream
-- parameters: { rows: 1, busy: 2, machine_busy: 4, night_from: 11, night_to: 16, newcomer_rows: 200000, newcomer_days: 6 }
-- risk: watch
-- explain: "{statements_run} statements and {rows} rows between {first_at} and {last_at:time}; by 28 days the middle of its working day is {middle} o'clock, and at this hour it was active on {nights} days"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, '' AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.sessions AS sessions, t.statement_ids AS statements,
    t.statements AS statements_run, t.rows AS rows, t.first_at AS first_at, t.last_at AS last_at,
    mapAdd(whole.workday_hours, whole.offday_hours) AS by_hour,
    -- The hour to which all others are nearest, on a clock of 24 hours: whose zone it is, its own day says.
    arraySort(m -> arraySum((k, n) -> n * pow(least(abs(toInt16(k) - m), 24 - abs(toInt16(k) - m)), 2), mapKeys(by_hour), mapValues(by_hour)),
        range(24))[1] AS middle,
    (toInt16(t.clock) - toInt16(middle) + 24) % 24 AS after_middle,
    arraySum((k, n) -> if((toInt16(k) - toInt16(middle) + 24) % 24 BETWEEN {night_from:UInt8} AND {night_to:UInt8} - 1, n, 0), mapKeys(by_hour), mapValues(by_hour)) AS nights
FROM (
    SELECT *, toUInt8(toHour(hour, {timezone:String})) AS clock,
        has({weekdays:Array(UInt8)}, toDayOfWeek(hour, 0, {timezone:String}))
            AND NOT has({holidays:Array(String)}, toString(toDate(hour, {timezone:String}))) AS is_workday
    FROM weir.identity_hours
    WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}
) AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
WHERE if(whole.days < {newcomer_days:UInt64},
    -- Nothing is known of it yet but the house's own hours.
    t.on_behalf_of != '' AND t.rows >= {newcomer_rows:UInt64} AND NOT (t.is_workday AND t.clock >= {opens:UInt8} AND t.clock < {closes:UInt8}),
    t.rows >= {rows:UInt64} AND whole.hours >= if(t.on_behalf_of != '', {busy:UInt64}, {machine_busy:UInt64}) * whole.days
      AND after_middle >= {night_from:UInt8} AND after_middle < {night_to:UInt8} AND nights = 0
      -- Who has worked since the evening is still up.
      AND t.sessions_opened > 0)
