-- id: agent-changed
-- title: An agent that is not the one that was deployed
-- severity: medium
-- technique: T1554
-- schedule: stream
-- learning: 14
-- risk: watch
-- explain: "{what} {subject} since {first_at}, and no new change reference with it ({reference}); before: {known}"
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, if(f.value = '', 'none', f.value) AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at, if(f.kind = 'image', 'runs image', 'connects as') AS what, came.reference AS reference, known.before AS known
FROM weir.first_uses AS f
JOIN (
    SELECT identity, kind, groupUniqArray(10)(value) AS before FROM weir.first_uses
    WHERE kind IN ('image', 'user') AND first_at < {from:DateTime64(6)} GROUP BY identity, kind
) AS known ON known.identity = f.identity AND known.kind = f.kind
LEFT JOIN (
    SELECT identity, session_id, any(extract(toString(client_program), ' ref=([^ ]+)')) AS reference,
        any(extract(toString(client_program), '^[^ /]*')) AS program
    FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} GROUP BY identity, session_id
) AS came ON came.identity = f.identity AND came.session_id = f.session_id
LEFT JOIN (
    SELECT identity, value, first_at FROM weir.first_uses WHERE kind = 'reference' AND first_at < {to:DateTime64(6)}
) AS referred ON referred.identity = f.identity AND referred.value = came.reference
LEFT JOIN (
    SELECT identity, groupUniqArray(20)(value) AS programs FROM weir.first_uses
    WHERE kind = 'program' AND first_at < {from:DateTime64(6)} GROUP BY identity
) AS named ON named.identity = f.identity
WHERE f.kind IN ('image', 'user') AND f.identity_kind = 'agent'
  AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
  AND (came.reference = '' OR referred.first_at < f.first_at)
  -- Another program altogether is new-client-program's.
  AND (f.kind = 'user' OR has(named.programs, came.program))
  -- A change reference of these days that names the agent, or what it now is.
  AND NOT arrayExists(r -> position(r, f.identity) > 0 OR (f.value != '' AND position(r, f.value) > 0), (
    SELECT groupArray(JSONExtractString(payload, 'changeReference')) FROM weir.control_events
    WHERE topic = 'weir.policy.v1' AND time >= {from:DateTime64(6)} - toIntervalDay(2) AND time < {to:DateTime64(6)}))
