-- id: out-of-hours
-- title: Activity at an hour at which there never is any
-- severity: medium
-- technique: T1078
-- schedule: stream
-- parameters: { rows: 20, distance: 5, newcomer_rows: 1000, newcomer_days: 7 }
-- risk: watch
-- explain: "{statements_run} statements and {rows} rows between {first_at} and {last_at:time}, outside of working hours and {away} hours or more away from any hour at which it was active in 28 days"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, '' AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.sessions AS sessions, t.statement_ids AS statements,
    t.statements AS statements_run, t.rows AS rows, t.first_at AS first_at, t.last_at AS last_at,
    -- On a clock of 24 hours; 12 where nothing is known.
    arrayMin(arrayPushBack(arrayMap(k -> least(abs(toInt16(k) - toInt16(t.clock)), 24 - abs(toInt16(k) - toInt16(t.clock))),
        arrayConcat(mapKeys(whole.workday_hours), mapKeys(whole.offday_hours))), 12)) AS away
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
WHERE NOT (t.is_workday AND t.clock >= {opens:UInt8} AND t.clock < {closes:UInt8})
  AND t.rows >= if(whole.days < {newcomer_days:UInt64}, {newcomer_rows:UInt64}, {rows:UInt64})
  AND away >= {distance:Int16}
