-- id: agent-changed
-- title: An agent that is not the one that was deployed
-- severity: medium
-- technique: T1554
-- schedule: stream
-- learning: 14
-- risk: watch
-- explain: "{what} {subject} since {first_at}, {why}; before: {known}"
WITH changed AS (
    SELECT identity FROM weir.first_uses
    WHERE kind IN ('image', 'user', 'reference') AND identity_kind = 'agent' AND first_at >= {from:DateTime64(6)} AND first_at < {to:DateTime64(6)}
)
SELECT
    f.identity AS identity, f.on_behalf_of AS on_behalf_of, '' AS connection, if(f.value = '', 'none', f.value) AS subject,
    toDateTime64(toStartOfHour(f.first_at), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    [f.session_id] AS sessions, if(f.statement_id = '', [], [f.statement_id]) AS statements,
    f.first_at AS first_at, transform(toString(f.kind), ['image', 'user'], ['runs image', 'connects as'], 'names change') AS what,
    multiIf(f.kind = 'reference', 'which nobody published', came.reference = '', 'and names no change',
        concat('and no new change reference with it (', came.reference, ')')) AS why,
    -- Some of them, in their order.
    arraySlice(arrayMap(x -> x.2, arrayFilter(x -> x.1 < f.first_at, known.first_ones)), 1, 10) AS known
FROM weir.first_uses AS f
LEFT JOIN (
    SELECT identity, kind, min(first_at) AS since, groupArraySorted(50)((first_at, if(value = '', 'none', value))) AS first_ones FROM weir.first_uses
    WHERE kind IN ('image', 'user', 'reference') AND first_at < {to:DateTime64(6)} AND identity IN (SELECT identity FROM changed) GROUP BY identity, kind
) AS known ON known.identity = f.identity AND known.kind = f.kind
LEFT JOIN (
    SELECT identity, session_id, any(extract(toString(client_program), ' ref=([^ ]+)')) AS reference,
        any(extract(toString(client_program), '^[^ /]*')) AS program
    FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND identity IN (SELECT identity FROM changed) GROUP BY identity, session_id
) AS came ON came.identity = f.identity AND came.session_id = f.session_id
LEFT JOIN (
    SELECT identity, value, first_at FROM weir.first_uses WHERE kind = 'reference' AND first_at < {to:DateTime64(6)} AND identity IN (SELECT identity FROM changed)
) AS referred ON referred.identity = f.identity AND referred.value = came.reference
LEFT JOIN (
    SELECT identity, value, first_at FROM weir.first_uses WHERE kind = 'program' AND first_at < {to:DateTime64(6)} AND identity IN (SELECT identity FROM changed)
) AS named ON named.identity = f.identity AND named.value = came.program
WHERE f.kind IN ('image', 'user', 'reference') AND f.identity_kind = 'agent' AND f.first_at >= {from:DateTime64(6)} AND f.first_at < {to:DateTime64(6)}
  -- A new reference is the deployment; whose word that is, is the house's to say.
  AND if(f.kind = 'reference', {changes:String} = 'published' AND f.value != '',
    f.kind IN ('image', 'user') AND known.since < f.first_at AND (came.reference = '' OR referred.first_at < f.first_at)
    -- Another program altogether is new-client-program's.
    AND (f.kind = 'user' OR named.value != '' AND named.first_at < f.first_at))
  -- A change of these days that names the agent, or what it now is.
  AND NOT arrayExists(w -> w.1 IN (f.identity, f.value) AND w.2 > f.first_at - toIntervalDay(7) AND w.2 <= f.first_at, (
    SELECT groupArray((word, at)) FROM weir.published_words WHERE at > {from:DateTime64(6)} - toIntervalDay(7) AND at < {to:DateTime64(6)}))
