-- id: agent-changed
-- title: An agent that is configured otherwise than before
-- severity: medium
-- technique: T1554
-- schedule: stream
-- learning: 14
-- risk: watch
-- explain: "connects as {subject} since {first_at}; before: {known}; no change reference of these days names it"
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, f.value AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at, known.users AS known
FROM weir.first_uses AS f
JOIN (
    SELECT identity, groupUniqArray(10)(value) AS users FROM weir.first_uses
    WHERE kind = 'user' AND first_at < {from:DateTime64(6)} GROUP BY identity
) AS known ON known.identity = f.identity
WHERE f.kind = 'user' AND f.identity_kind = 'agent' AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
  -- A change reference of these days that names the agent, or what it now connects as.
  AND NOT arrayExists(r -> position(r, f.identity) > 0 OR position(r, f.value) > 0, (
    SELECT groupArray(JSONExtractString(payload, 'changeReference')) FROM weir.control_events
    WHERE topic = 'weir.policy.v1' AND time >= {from:DateTime64(6)} - toIntervalDay(2) AND time < {to:DateTime64(6)}))
