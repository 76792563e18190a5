-- id: record-gap
-- title: A gap in the record of a session
-- severity: high
-- technique: T1070
-- schedule: hour
-- explain: "{missing} events are missing in session {subject}, between places {first_place} and {last_place}"
SELECT
    any(e.identity) AS identity, any(e.on_behalf_of) AS on_behalf_of, any(e.connection) AS connection, e.session_id AS subject,
    toDateTime64(toStartOfHour(min(e.time)), 6) AS window_start, toDateTime64(toStartOfHour(max(e.time)), 6) + INTERVAL 1 HOUR AS window_end,
    [e.session_id] AS sessions, CAST([], 'Array(String)') AS statements,
    min(e.seq) AS first_place, max(e.seq) AS last_place, last_place - first_place + 1 - count() AS missing
FROM weir.session_events AS e
WHERE e.time >= {from:DateTime64(6)} - toIntervalHour(1) AND e.time < {to:DateTime64(6)}
GROUP BY e.session_id
HAVING missing > 0 AND max(e.time) >= {from:DateTime64(6)}
