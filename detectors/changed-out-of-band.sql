-- id: changed-out-of-band
-- title: A policy or a connection changed past its repository
-- severity: medium
-- technique: T1562
-- schedule: stream
-- parameters: { reused_minutes: 10, near_minutes: 30, back_hours: 3 }
-- explain: "{what} at {changed_at}, {why}"
SELECT
    c.identity AS identity, '' AS on_behalf_of, c.connection AS connection, c.subject AS subject,
    toDateTime64(toStartOfHour(c.time), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    CAST([], 'Array(String)') AS sessions, CAST([], 'Array(String)') AS statements,
    c.time AS changed_at,
    transform(toString(c.type), ['PoliciesPublished', 'MaskingPublished', 'ConnectionRegistered', 'ConnectionRemoved'],
        ['published policies', 'published masking rules', 'registered a connection', 'removed a connection'], toString(c.type)) AS what,
    -- Which changes there were before, or near.
    arrayExists(e -> e.1 = 'PoliciesPublished' AND e.4 = c.reference AND e.2 < c.time - toIntervalMinute({reused_minutes:UInt16}), others.changes) AS is_reused,
    NOT arrayExists(e -> e.1 = 'PoliciesPublished' AND abs(dateDiff('minute', e.2, c.time)) <= {near_minutes:Int64}, others.changes) AS is_alone,
    arrayLast(e -> e.1 = 'ConnectionRegistered' AND e.3 = c.subject AND e.2 < c.time, others.changes) AS before,
    multiIf(c.owner = 'api' AND c.reference = '', 'without a change reference',
        is_reused, concat('with the reference of an older change, ', c.reference),
        concat('with nothing published near it, and again ', toString(dateDiff('minute', before.2, c.time)), ' minutes after the change before')) AS why
FROM (
    SELECT *, JSONExtractString(payload, 'changeReference') AS reference, JSONExtractString(payload, 'owner') AS owner
    FROM weir.control_events
    WHERE topic = 'weir.policy.v1' AND time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND identity != ''
      AND type IN ('PoliciesPublished', 'MaskingPublished', 'ConnectionRegistered', 'ConnectionRemoved')
) AS c
CROSS JOIN (
    SELECT arraySort(e -> e.2, groupArray((toString(type), time, toString(subject), JSONExtractString(payload, 'changeReference')))) AS changes
    FROM weir.control_events
    WHERE topic = 'weir.policy.v1' AND type IN ('PoliciesPublished', 'ConnectionRegistered')
      AND time >= {from:DateTime64(6)} - toIntervalDay(90) AND time < {to:DateTime64(6)}
) AS others
-- What a file says has its history where the file is; unless it says so with another change's name, or there and back again.
WHERE c.owner = 'api' AND c.reference = ''
   OR c.type = 'PoliciesPublished' AND c.reference != '' AND is_reused
   OR c.type = 'ConnectionRegistered' AND is_alone AND before.2 > c.time - toIntervalHour({back_hours:UInt16}) AND before.2 < c.time
     AND NOT arrayExists(e -> e.1 = 'PoliciesPublished' AND abs(dateDiff('minute', e.2, before.2)) <= {near_minutes:Int64}, others.changes)
