-- What an event says of a finding is read out of its payload once, as it is stored, and not by each who asks: its own column
-- beside the event, which is empty for all other events and leaves the list of what is in the record as it was. It follows from
-- the payload alone. Rows from before get it here; until they have, it is made of their payload as it was so far.
ALTER TABLE weir.control_event_rows
    ADD COLUMN IF NOT EXISTS finding Tuple(
        findingId String, detector String, version String, title String, severity String, technique String, identity String,
        onBehalfOf String, connection String, subject String, windowStartUs String, windowEndUs String, evidence String,
        sessionIds Array(String), statementIds Array(String), measures Map(String, Float64), risk String, riskUntilUs String,
        quarantine String)
        MATERIALIZED JSONExtract(if(topic = 'weir.finding.v1' AND type IN ('FindingRaised', 'FindingTriaged'), payload, ''), 'Tuple(
        findingId String, detector String, version String, title String, severity String, technique String, identity String,
        onBehalfOf String, connection String, subject String, windowStartUs String, windowEndUs String, evidence String,
        sessionIds Array(String), statementIds Array(String), measures Map(String, Float64), risk String, riskUntilUs String,
        quarantine String)')
        CODEC(ZSTD(1));

ALTER TABLE weir.control_event_rows MATERIALIZE COLUMN finding;

-- As before, and read from there.
CREATE OR REPLACE VIEW weir.findings
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
                r.*,
                t.last.place > r.place AS is_triaged,
                if(is_triaged, t.last.state, 'open') AS state,
                if(is_triaged, t.last.reason, '') AS state_reason,
                if(is_triaged, t.last.identity, '') AS state_by,
                if(is_triaged, t.last.logged_at, NULL) AS state_at
            FROM
            (
                SELECT
                    e.subject AS key,
                    e.finding.findingId AS finding_id,
                    toInt64(e.offset) AS place,
                    e.logged_at AS raised_at,
                    e.event_id AS event_id,
                    e.finding.detector AS detector,
                    e.finding.version AS version,
                    e.finding.title AS title,
                    e.finding.severity AS severity,
                    e.finding.technique AS technique,
                    e.finding.identity AS identity,
                    e.finding.onBehalfOf AS on_behalf_of,
                    e.finding.connection AS connection,
                    e.finding.subject AS subject,
                    e.finding.evidence AS evidence,
                    e.finding.sessionIds AS session_ids,
                    e.finding.statementIds AS statement_ids,
                    e.finding.measures AS measures,
                    e.finding.quarantine AS quarantine,
                    if(e.finding.risk = '', 'none', e.finding.risk) AS risk,
                    toInt64OrZero(e.finding.riskUntilUs) AS risk_until_us,
                    toInt64OrZero(e.finding.windowStartUs) AS start_us,
                    toInt64OrZero(e.finding.windowEndUs) AS end_us,
                    intDiv(start_us, 1000) AS start_ms,
                    intDiv(end_us, 1000) AS end_ms
                FROM weir.control_event_rows AS e FINAL
                WHERE e.topic = 'weir.finding.v1' AND e.type = 'FindingRaised' AND finding_id != ''
                    AND e.subject = if(e.identity = '', '-', e.identity)
                ORDER BY place
                LIMIT 1 BY key, finding_id
            ) AS r
            LEFT ANY JOIN
            (
                SELECT e.subject AS key, e.finding.findingId AS finding_id,
                    argMax(CAST((toInt64(e.offset), toString(e.decision), e.reason, toString(e.identity), e.logged_at),
                        'Tuple(place Int64, state String, reason String, identity String, logged_at DateTime64(3, \'UTC\'))'), e.offset) AS last
                FROM weir.control_event_rows AS e FINAL
                WHERE e.topic = 'weir.finding.v1' AND e.type = 'FindingTriaged' AND finding_id != ''
                    AND e.identity != '' AND e.decision IN ('open', 'acknowledged', 'false_alarm')
                GROUP BY key, finding_id
            ) AS t ON t.key = r.key AND t.finding_id = r.finding_id
        )
    )
);
