-- One row per session. `missing` is not zero where the sequence has a gap.
CREATE VIEW IF NOT EXISTS weir.sessions
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    session_id,
    any(e.identity) AS identity,
    any(e.identity_kind) AS identity_kind,
    any(e.on_behalf_of) AS on_behalf_of,
    any(e.connection) AS connection,
    any(e.protocol) AS protocol,
    any(e.source_address) AS source_address,
    any(e.client_program) AS client_program,
    any(e.client_user) AS client_user,
    min(e.time) AS started_at,
    max(e.time) AS last_event_at,
    maxOrNullIf(e.time, e.type = 'SessionEnded') AS ended_at,
    argMaxIf(e.end_reason, e.seq, e.type = 'SessionEnded') AS end_reason,
    countIf(e.type = 'StatementReceived') AS statements,
    countIf(e.type = 'StatementReceived' AND e.decision = 'deny') AS denied,
    countIf(e.type = 'StatementReceived' AND e.decision = 'hold') AS held,
    countIf(e.type = 'StatementOutcome' AND e.status = 'error') AS errors,
    sumIf(e.rows, e.type = 'StatementOutcome') AS rows,
    sumIf(e.bytes, e.type = 'StatementOutcome') AS bytes,
    sumIf(arraySum(mapValues(e.masked)), e.type = 'StatementOutcome') AS masked_values,
    count() AS events,
    max(e.seq) AS last_seq,
    max(e.seq) - count() AS missing
FROM weir.session_event_rows AS e FINAL
GROUP BY e.session_id AS session_id;
