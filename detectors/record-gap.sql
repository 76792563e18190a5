-- id: record-gap
-- title: A gap in the record of a session
-- severity: high
-- technique: T1070
-- schedule: hour
-- explain: "{missing} events are missing in session {subject}, between places {first_place} and {last_place}"
WITH touched AS (
    SELECT DISTINCT session_id FROM weir.session_events WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
)
SELECT
    any(p.identity) AS identity, any(p.on_behalf_of) AS on_behalf_of, any(p.connection) AS connection, p.session_id AS subject,
    -- Of what comes after the hole: whenever it is looked at, the hour is the same.
    toDateTime64(toStartOfHour(p.time), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [p.session_id] AS sessions, CAST([], 'Array(String)') AS statements,
    min(p.before) + 1 AS first_place, max(p.seq) - 1 AS last_place,
    -- What retention has erased was there.
    sum(p.seq - p.before - 1 - arrayCount(place -> place > p.before AND place < p.seq, gone.places)) AS missing
FROM (
    SELECT session_id, seq, time, lagInFrame(seq, 1, toUInt64(0)) OVER (PARTITION BY session_id ORDER BY seq ASC) AS before,
        toString(max(identity) OVER (PARTITION BY session_id)) AS identity,
        toString(max(on_behalf_of) OVER (PARTITION BY session_id)) AS on_behalf_of,
        toString(max(connection) OVER (PARTITION BY session_id)) AS connection
    FROM weir.session_events
    -- The whole of each session that is still written to: it ends within hours, and the record stands in the order of sessions.
    WHERE session_id IN (
        SELECT e.session_id FROM weir.session_events AS e WHERE e.session_id IN (SELECT session_id FROM touched)
        GROUP BY e.session_id HAVING max(e.seq) > count())
) AS p
LEFT JOIN (
    SELECT session_id, groupUniqArray(seq) AS places FROM weir.expired_events
    WHERE session_id IN (SELECT session_id FROM touched) GROUP BY session_id
) AS gone ON gone.session_id = p.session_id
WHERE p.seq > p.before + 1 AND p.time < {to:DateTime64(6)}
GROUP BY p.session_id, window_start
HAVING missing > 0
