-- id: missed-run
-- title: A regular run that did not come
-- severity: low
-- technique: T1489
-- schedule: day
-- learning: 14
-- parameters: { regular_days: 27 }
-- explain: "nothing on a day, after activity on {active_days} of the 28 days before it"
SELECT
    whole.identity AS identity, '' AS on_behalf_of, '' AS connection, 'missed run' AS subject,
    toDateTime64(whole.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    CAST([], 'Array(String)') AS sessions, CAST([], 'Array(String)') AS statements,
    whole.days AS active_days
FROM weir.baselines AS whole
LEFT ANTI JOIN (
    SELECT day, identity FROM weir.identity_days WHERE day >= toDate({from:DateTime64(6)}) AND day < toDate({to:DateTime64(6)})
) AS d ON d.day = whole.day AND d.identity = whole.identity
WHERE whole.scope = 'whole' AND whole.day >= toDate({from:DateTime64(6)}) AND whole.day < toDate({to:DateTime64(6)})
  AND whole.days >= {regular_days:UInt64}
