-- id: out-of-hours
-- title: Activity at an hour at which there never is any
-- severity: medium
-- technique: T1078
-- schedule: stream
-- parameters: { rows: 200, newcomer_rows: 1000, newcomer_days: 7 }
-- risk: watch
-- explain: "{statements_run} statements and {rows} rows between {first_at} and {last_at:time}, outside of working hours; active at this hour on {usual_days} days of the last 28; own median of an active hour: {median} rows"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, '' AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.sessions AS sessions, t.statement_ids AS statements,
    t.statements AS statements_run, t.rows AS rows, t.first_at AS first_at, t.last_at AS last_at,
    whole.rows_median AS median,
    if(t.is_workday, whole.workday_hours[t.clock] + whole.workday_hours[t.before] + whole.workday_hours[t.after],
        whole.offday_hours[t.clock] + whole.offday_hours[t.before] + whole.offday_hours[t.after]) AS usual_days
FROM (
    SELECT *, toUInt8(toHour(hour, {timezone:String})) AS clock, toUInt8((clock + 23) % 24) AS before, toUInt8((clock + 1) % 24) AS after,
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
  AND usual_days = 0
