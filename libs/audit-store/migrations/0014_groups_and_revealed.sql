-- What detection needs of the record beside what it has: a principal's groups at the start of a session, values of a class that
-- went out in the clear, and how far a look-up window was used. Events from before have no such values and need none, but for
-- the groups, which always stood in their payload.
ALTER TABLE weir.session_event_rows
    ADD COLUMN IF NOT EXISTS groups Array(LowCardinality(String))
        DEFAULT if(type = 'SessionStarted', JSONExtract(payload, 'principal', 'groups', 'Array(String)'), []) AFTER client_user,
    ADD COLUMN IF NOT EXISTS lookups_used UInt64 AFTER max_rows,
    ADD COLUMN IF NOT EXISTS lookups_limit UInt64 AFTER lookups_used,
    ADD COLUMN IF NOT EXISTS revealed Map(LowCardinality(String), UInt64) AFTER masked;

CREATE OR REPLACE VIEW weir.session_events
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * REPLACE (base64Encode(raw) AS raw)
FROM weir.session_event_rows FINAL;

CREATE OR REPLACE VIEW weir.statements
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
    anyIf(e.lookups_used, e.type = 'StatementReceived') AS lookups_used,
    anyIf(e.lookups_limit, e.type = 'StatementReceived') AS lookups_limit,
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
    argMaxIf(e.revealed, e.seq, e.type = 'StatementOutcome') AS revealed,
    max(e.recording_cut) AS recording_cut
FROM weir.session_event_rows AS e FINAL
WHERE e.type IN ('StatementReceived', 'HoldResolved', 'StatementOutcome')
GROUP BY e.session_id AS session_id, e.statement_id AS statement_id;

ALTER TABLE weir.session_summary_rows ADD COLUMN IF NOT EXISTS revealed_values UInt64 AFTER masked_values;

CREATE OR REPLACE VIEW weir.session_summary_source
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    groupUniqArrayArray(513)(arrayFlatten(arrayMap(
        t -> [concat(toString(e.decision), ' ', t), concat(toString(e.decision), ' ', substring(t, position(t, '.') + 1))],
        arrayConcat(e.tables_read, e.tables_written)))) AS all_touched,
    groupUniqArrayArray(129)(mapKeys(e.masked)) AS all_classes
SELECT
    session_id,
    any(e.topic) AS topic,
    any(e.partition) AS partition,
    max(e.offset) AS offset,
    max(e.identity) AS identity,
    max(e.identity_kind) AS identity_kind,
    max(e.on_behalf_of) AS on_behalf_of,
    max(e.connection) AS connection,
    max(e.protocol) AS protocol,
    max(e.source_address) AS source_address,
    max(e.client_program) AS client_program,
    max(e.client_user) AS client_user,
    min(e.time) AS started_at,
    max(e.time) AS last_event_at,
    maxOrNullIf(e.time, e.type = 'SessionEnded') AS ended_at,
    argMaxIf(e.end_reason, e.seq, e.type = 'SessionEnded') AS end_reason,
    countIf(e.type = 'StatementReceived') AS statements,
    countIf(e.type = 'StatementReceived' AND e.decision = 'allow') AS allowed,
    countIf(e.type = 'StatementReceived' AND e.decision = 'deny') AS denied,
    countIf(e.type = 'StatementReceived' AND e.decision = 'hold') AS held,
    countIf(e.type = 'StatementOutcome' AND e.status = 'error') AS errors,
    sumIf(e.rows, e.type = 'StatementOutcome') AS rows,
    sumIf(e.bytes, e.type = 'StatementOutcome') AS bytes,
    sumIf(arraySum(mapValues(e.masked)), e.type = 'StatementOutcome') AS masked_values,
    sumIf(arraySum(mapValues(e.revealed)), e.type = 'StatementOutcome') AS revealed_values,
    count() AS events,
    max(e.seq) AS last_seq,
    if(length(all_touched) > 512, arrayPushBack(arraySlice(all_touched, 1, 512), ''), all_touched) AS touched,
    if(length(all_classes) > 128, arrayPushBack(arraySlice(all_classes, 1, 128), ''), all_classes) AS classes
FROM weir.session_event_rows AS e FINAL
GROUP BY e.session_id AS session_id;

CREATE OR REPLACE VIEW weir.sessions
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    session_id, identity, identity_kind, on_behalf_of, connection, protocol, source_address, client_program, client_user,
    started_at, last_event_at, ended_at, end_reason, statements, denied, held, errors, rows, bytes, masked_values,
    revealed_values, events, last_seq, last_seq - events AS missing
FROM weir.session_summary_source;

ALTER TABLE weir.activity_rows
    ADD COLUMN IF NOT EXISTS groups Array(LowCardinality(String)) AFTER client_user,
    ADD COLUMN IF NOT EXISTS lookups_used UInt64 AFTER decision,
    ADD COLUMN IF NOT EXISTS lookups_limit UInt64 AFTER lookups_used,
    ADD COLUMN IF NOT EXISTS revealed Map(LowCardinality(String), UInt64) AFTER masked;

CREATE OR REPLACE VIEW weir.activity
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * FROM weir.activity_rows FINAL;

ALTER TABLE weir.table_hour_rows ADD COLUMN IF NOT EXISTS revealed Map(LowCardinality(String), UInt64) AFTER masked;

CREATE OR REPLACE VIEW weir.table_hours
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.table_hour_rows FINAL;

-- `groups`: of the last session that was started. `lookups_near`: statements that left a look-up window used to nine tenths.
ALTER TABLE weir.identity_hour_rows
    ADD COLUMN IF NOT EXISTS groups Array(String) AFTER on_behalf_of,
    ADD COLUMN IF NOT EXISTS lookups_near UInt64 AFTER over_budget,
    ADD COLUMN IF NOT EXISTS revealed Map(LowCardinality(String), UInt64) AFTER masked;

CREATE OR REPLACE VIEW weir.identity_hours
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.identity_hour_rows FINAL;

ALTER TABLE weir.identity_day_rows
    ADD COLUMN IF NOT EXISTS groups Array(String) AFTER on_behalf_of,
    ADD COLUMN IF NOT EXISTS lookups_near UInt64 AFTER over_budget,
    ADD COLUMN IF NOT EXISTS revealed Map(LowCardinality(String), UInt64) AFTER masked;

CREATE OR REPLACE VIEW weir.identity_days
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.identity_day_rows FINAL;

-- Who an identity's peers are on a day, by the 28 days before it: those of its kind in that group. Empty: all of its kind.
CREATE TABLE IF NOT EXISTS weir.peer_group_rows
(
    day Date CODEC(Delta, ZSTD(1)),
    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    peer_group LowCardinality(String),
    -- Active ones of its kind.
    members UInt64,
    -- Of a table that one member uses: the share of the others that use it, too, and get an order of rows there that is the same.
    likeness Float64,
    groups Array(String),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (day, identity)
SETTINGS non_replicated_deduplication_window = 0;

CREATE VIEW IF NOT EXISTS weir.peer_groups
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.peer_group_rows FINAL;

-- `peers` are those of one kind in one group; with an empty group all of the kind. `values_most`: of a class in an hour, masked
-- and in the clear.
ALTER TABLE weir.baseline_rows
    ADD COLUMN IF NOT EXISTS peer_group LowCardinality(String),
    ADD COLUMN IF NOT EXISTS lookups_near_most UInt64,
    ADD COLUMN IF NOT EXISTS values_most Map(String, UInt64),
    MODIFY ORDER BY (day, scope, identity, identity_kind, connection, table_name, peer_group);

CREATE OR REPLACE VIEW weir.baselines
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.baseline_rows FINAL;
