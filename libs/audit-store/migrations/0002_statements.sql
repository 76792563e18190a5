-- One row per statement: what was received, what became of a hold, and the outcome. Derived on reading from
-- the rows above, so it can't disagree with them, whatever was ingested twice or in which order.
CREATE VIEW IF NOT EXISTS weir.statements
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    session_id,
    statement_id,
    min(e.seq) AS seq,
    min(e.time) AS time,
    maxOrNullIf(e.time, e.type = 'StatementOutcome') AS ended_at,
    any(e.identity) AS identity,
    any(e.identity_kind) AS identity_kind,
    any(e.on_behalf_of) AS on_behalf_of,
    any(e.connection) AS connection,
    any(e.protocol) AS protocol,
    any(e.source_address) AS source_address,
    any(e.client_program) AS client_program,
    anyIf(e.text, e.type = 'StatementReceived') AS text,
    anyIf(e.text_hash, e.type = 'StatementReceived') AS text_hash,
    anyIf(e.fingerprint, e.type = 'StatementReceived') AS fingerprint,
    anyIf(e.how, e.type = 'StatementReceived') AS how,
    anyIf(e.kinds, e.type = 'StatementReceived') AS kinds,
    anyIf(e.tables_read, e.type = 'StatementReceived') AS tables_read,
    anyIf(e.tables_written, e.type = 'StatementReceived') AS tables_written,
    anyIf(e.columns, e.type = 'StatementReceived') AS columns,
    anyIf(e.functions, e.type = 'StatementReceived') AS functions,
    anyIf(e.parameters, e.type = 'StatementReceived') AS parameters,
    anyIf(e.decision, e.type = 'StatementReceived') AS decision,
    anyIf(e.reason, e.type = 'StatementReceived') AS reason,
    anyIf(e.policy_ids, e.type = 'StatementReceived') AS policy_ids,
    anyIf(e.snapshot, e.type = 'StatementReceived') AS snapshot,
    max(e.approval_id) AS approval_id,
    anyIf(e.max_rows, e.type = 'StatementReceived') AS max_rows,
    argMaxIf(e.hold_outcome, e.seq, e.type = 'HoldResolved') AS hold_outcome,
    argMaxIf(e.decided_by, e.seq, e.type = 'HoldResolved') AS decided_by,
    argMaxIf(e.waited_us, e.seq, e.type = 'HoldResolved') AS waited_us,
    argMaxIf(e.status, e.seq, e.type = 'StatementOutcome') AS status,
    argMaxIf(e.command_tag, e.seq, e.type = 'StatementOutcome') AS command_tag,
    argMaxIf(e.sqlstate, e.seq, e.type = 'StatementOutcome') AS sqlstate,
    argMaxIf(e.message, e.seq, e.type = 'StatementOutcome') AS message,
    argMaxIf(e.rows, e.seq, e.type = 'StatementOutcome') AS rows,
    argMaxIf(e.bytes, e.seq, e.type = 'StatementOutcome') AS bytes,
    argMaxIf(e.duration_us, e.seq, e.type = 'StatementOutcome') AS duration_us,
    argMaxIf(e.masked, e.seq, e.type = 'StatementOutcome') AS masked,
    max(e.recording_cut) AS recording_cut
FROM weir.session_event_rows AS e FINAL
WHERE e.type IN ('StatementReceived', 'HoldResolved', 'StatementOutcome')
GROUP BY e.session_id AS session_id, e.statement_id AS statement_id;
