-- Findings as they stand: the first of an id counts, and what a person said of it last. The same as the fold of the topic makes of
-- it (libs/domain/finding-book.ts), but for ever.
--
-- An event counts under its identity's key alone: so all that is about one identity stands in one partition, in one order.
CREATE VIEW IF NOT EXISTS weir.findings
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    finding_id, detector, version, title, severity, technique, identity, on_behalf_of, connection, subject,
    fromUnixTimestamp64Micro(start_us, 'UTC') AS window_start,
    fromUnixTimestamp64Micro(end_us, 'UTC') AS window_end,
    evidence, session_ids, statement_ids, measures, risk,
    fromUnixTimestamp64Micro(risk_until_us, 'UTC') AS risk_until,
    quarantine, raised_at, state, state_reason, state_by, state_at,
    -- The first of those whose windows have at most six hours between them.
    first_value(finding_id) OVER (PARTITION BY key, number ORDER BY start_ms, finding_id) AS incident,
    event_id
FROM
(
    SELECT *, sum(opens) OVER (PARTITION BY key ORDER BY start_ms, finding_id) AS number
    FROM
    (
        SELECT *,
            start_ms > 21600000 + max(end_ms) OVER (
                PARTITION BY key ORDER BY start_ms, finding_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS opens
        FROM
        (
            SELECT
                key, finding_id,
                JSONExtractString(raised.payload, 'detector') AS detector,
                JSONExtractString(raised.payload, 'version') AS version,
                JSONExtractString(raised.payload, 'title') AS title,
                JSONExtractString(raised.payload, 'severity') AS severity,
                JSONExtractString(raised.payload, 'technique') AS technique,
                JSONExtractString(raised.payload, 'identity') AS identity,
                JSONExtractString(raised.payload, 'onBehalfOf') AS on_behalf_of,
                JSONExtractString(raised.payload, 'connection') AS connection,
                JSONExtractString(raised.payload, 'subject') AS subject,
                toInt64OrZero(JSONExtractString(raised.payload, 'windowStartUs')) AS start_us,
                toInt64OrZero(JSONExtractString(raised.payload, 'windowEndUs')) AS end_us,
                intDiv(start_us, 1000) AS start_ms,
                intDiv(end_us, 1000) AS end_ms,
                JSONExtractString(raised.payload, 'evidence') AS evidence,
                JSONExtract(raised.payload, 'sessionIds', 'Array(String)') AS session_ids,
                JSONExtract(raised.payload, 'statementIds', 'Array(String)') AS statement_ids,
                JSONExtract(raised.payload, 'measures', 'Map(String, Float64)') AS measures,
                if(JSONExtractString(raised.payload, 'risk') = '', 'none', JSONExtractString(raised.payload, 'risk')) AS risk,
                toInt64OrZero(JSONExtractString(raised.payload, 'riskUntilUs')) AS risk_until_us,
                JSONExtractString(raised.payload, 'quarantine') AS quarantine,
                raised.logged_at AS raised_at,
                raised.event_id AS event_id,
                raised.place AS raised_place,
                triaged.place > raised_place AS is_triaged,
                if(is_triaged, triaged.state, 'open') AS state,
                if(is_triaged, triaged.reason, '') AS state_reason,
                if(is_triaged, triaged.identity, '') AS state_by,
                if(is_triaged, triaged.logged_at, NULL) AS state_at
            FROM
            (
                SELECT
                    e.subject AS key,
                    JSONExtractString(e.payload, 'findingId') AS finding_id,
                    argMinIf(CAST((toInt64(e.offset), e.payload, e.logged_at, e.event_id),
                        'Tuple(place Int64, payload String, logged_at DateTime64(3, \'UTC\'), event_id String)'),
                        e.offset, e.type = 'FindingRaised') AS raised,
                    argMaxIf(CAST((toInt64(e.offset), toString(e.decision), e.reason, toString(e.identity), e.logged_at),
                        'Tuple(place Int64, state String, reason String, identity String, logged_at DateTime64(3, \'UTC\'))'),
                        e.offset, e.type = 'FindingTriaged') AS triaged
                FROM weir.control_event_rows AS e FINAL
                WHERE e.topic = 'weir.finding.v1' AND finding_id != ''
                    AND (
                        (e.type = 'FindingRaised' AND e.subject = if(e.identity = '', '-', e.identity))
                        OR (e.type = 'FindingTriaged' AND e.identity != '' AND e.decision IN ('open', 'acknowledged', 'false_alarm')))
                GROUP BY key, finding_id
                HAVING countIf(e.type = 'FindingRaised') > 0
            )
        )
    )
);

-- How quarantines began and ended: each word of a person, and of a rule by its finding.
CREATE VIEW IF NOT EXISTS weir.quarantines
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    e.logged_at AS logged_at,
    e.subject AS identity,
    if(e.type = 'QuarantineSet', 'set', 'lifted') AS action,
    if(e.type = 'QuarantineSet', toString(e.decision), '') AS level,
    e.reason AS reason,
    toString(e.identity) AS by,
    JSONExtractString(e.payload, 'findingId') AS finding_id,
    e.event_id AS event_id
FROM weir.control_event_rows AS e FINAL
WHERE e.topic = 'weir.finding.v1'
    AND (
        (e.type IN ('QuarantineSet', 'QuarantineLifted') AND e.subject = JSONExtractString(e.payload, 'identity'))
        OR (e.type = 'FindingTriaged' AND e.decision = 'false_alarm' AND e.identity != ''
            AND (e.subject, JSONExtractString(e.payload, 'findingId')) IN (SELECT identity, f.finding_id FROM weir.findings AS f WHERE quarantine != '')))
UNION ALL
SELECT raised_at, f.identity, 'set', f.quarantine, f.title, concat('rule ', f.detector), f.finding_id, f.event_id
FROM weir.findings AS f
WHERE f.quarantine != '' AND f.identity != '';
