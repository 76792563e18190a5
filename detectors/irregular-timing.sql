-- id: irregular-timing
-- title: A run outside of a regular schedule
-- severity: low
-- technique: T1053
-- schedule: day
-- learning: 14
-- parameters: { regular_days: 10, most_starts: 2, distance: 4, rows: 100 }
-- explain: "{subject}: began at {minutes} (minutes of the day, UTC), where it never began within {distance} quarters of an hour in 28 days; as a rule {usual} runs a day"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection,
    if(t.run_count > t.starts_most, 'extra run', 'run at another time') AS subject,
    toDateTime64(t.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    t.session_ids AS sessions, CAST([], 'Array(String)') AS statements,
    t.odd AS minutes, t.starts_median AS usual, t.rows_read AS rows
FROM (
    SELECT d.identity AS identity, d.on_behalf_of AS on_behalf_of, d.day AS day, d.sessions AS session_ids, d.rows AS rows_read,
        length(d.starts) AS run_count, whole.starts_most AS starts_most, whole.starts_median AS starts_median,
        arrayFilter(m -> NOT arrayExists(q -> least(abs(toInt32(q) - toInt32(intDiv(m, 15))), 96 - abs(toInt32(q) - toInt32(intDiv(m, 15)))) <= {distance:Int32},
            mapKeys(whole.starts)), d.starts) AS odd
    FROM weir.identity_days AS d
    JOIN (
        SELECT * FROM weir.baselines
        WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
    ) AS whole ON whole.day = d.day AND whole.identity = d.identity
    WHERE d.day >= toDate({from:DateTime64(6)}) AND d.day < toDate({to:DateTime64(6)})
      AND whole.days >= {regular_days:UInt64} AND whole.starts_most <= {most_starts:UInt64}
      -- Regular: most runs of the 28 days fall into few quarters of an hour.
      AND length(mapKeys(whole.starts)) <= 2 * greatest(whole.starts_most, 1) + 1
) AS t
WHERE notEmpty(t.odd) AND t.rows_read >= {rows:UInt64}
