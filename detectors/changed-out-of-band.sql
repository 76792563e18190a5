-- id: changed-out-of-band
-- title: A policy or a connection changed without a change reference
-- severity: medium
-- technique: T1562
-- schedule: stream
-- explain: "{what} at {changed_at}, without a change reference"
SELECT
    identity, '' AS on_behalf_of, connection, subject,
    toDateTime64(toStartOfHour(time), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    CAST([], 'Array(String)') AS sessions, CAST([], 'Array(String)') AS statements,
    time AS changed_at,
    transform(toString(type), ['PoliciesPublished', 'MaskingPublished', 'ConnectionRegistered', 'ConnectionRemoved'],
        ['published policies', 'published masking rules', 'registered a connection', 'removed a connection'], toString(type)) AS what
FROM weir.control_events
WHERE topic = 'weir.policy.v1' AND time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
  AND type IN ('PoliciesPublished', 'MaskingPublished', 'ConnectionRegistered', 'ConnectionRemoved')
  AND JSONExtractString(payload, 'changeReference') = '' AND identity != ''
  -- What a file says has its history where the file is.
  AND JSONExtractString(payload, 'owner') = 'api'
