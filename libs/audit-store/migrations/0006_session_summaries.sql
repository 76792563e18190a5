-- One row per session and batch that brought events of it: the session as it stood after that batch. It is what
-- searches read. Rows only ever grow (counts, sets, the time they span; who and where are there from the start), so a
-- session that an older row matches is matched by its newest one too: searches need no FINAL, and stop at a page.
-- Sets grow to a bound: past it the empty string stands in them for all that they have no room for, a session that has
-- it matches whatever is asked of the set, and the search looks into its statements.
--
-- `offset` is the last event that is counted in. The greatest of a partition is the mark from which ingest
-- completes what a killed process left undone.
CREATE TABLE IF NOT EXISTS weir.session_summary_rows
(
    session_id String,
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,

    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    on_behalf_of LowCardinality(String),
    connection LowCardinality(String),
    protocol LowCardinality(String),
    source_address String,
    client_program LowCardinality(String),
    client_user LowCardinality(String),

    started_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    last_event_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    ended_at Nullable(DateTime64(6, 'UTC')),
    end_reason LowCardinality(String),
    statements UInt64,
    allowed UInt64,
    denied UInt64,
    held UInt64,
    errors UInt64,
    rows UInt64,
    bytes UInt64,
    masked_values UInt64,
    events UInt64,
    last_seq UInt64,
    -- `deny public.customers` and `deny customers`: what was decided on statements that name the table. At most 512.
    touched Array(LowCardinality(String)),
    -- At most 128.
    classes Array(LowCardinality(String)),

    INDEX by_start started_at TYPE minmax GRANULARITY 1,
    INDEX by_last_event last_event_at TYPE minmax GRANULARITY 1,
    INDEX by_identity identity TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_connection connection TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_allowed allowed TYPE minmax GRANULARITY 1,
    INDEX by_denied denied TYPE minmax GRANULARITY 1,
    INDEX by_held held TYPE minmax GRANULARITY 1,
    INDEX by_touched touched TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_class classes TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY session_id
-- The newest sessions are found behind few marks; a page is 50 rows.
SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 134217728, index_granularity = 2048;

-- The same rows, derived from the events: fills the table, and what it must equal.
CREATE VIEW IF NOT EXISTS weir.session_summary_source
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
    count() AS events,
    max(e.seq) AS last_seq,
    if(length(all_touched) > 512, arrayPushBack(arraySlice(all_touched, 1, 512), ''), all_touched) AS touched,
    if(length(all_classes) > 128, arrayPushBack(arraySlice(all_classes, 1, 128), ''), all_classes) AS classes
FROM weir.session_event_rows AS e FINAL
GROUP BY e.session_id AS session_id;

-- One place says what a session's events come to: auditors' `sessions` (0003) is read from it, column by column as before.
CREATE OR REPLACE VIEW weir.sessions
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    session_id, identity, identity_kind, on_behalf_of, connection, protocol, source_address, client_program, client_user,
    started_at, last_event_at, ended_at, end_reason, statements, denied, held, errors, rows, bytes, masked_values, events,
    last_seq, last_seq - events AS missing
FROM weir.session_summary_source;

-- Stores that are older than this table. Sessions are read in the order they lie in, so memory stays small.
INSERT INTO weir.session_summary_rows
    (session_id, topic, partition, offset, identity, identity_kind, on_behalf_of, connection, protocol,
     source_address, client_program, client_user, started_at, last_event_at, ended_at, end_reason, statements, allowed,
     denied, held, errors, rows, bytes, masked_values, events, last_seq, touched, classes)
SELECT session_id, topic, partition, offset, identity, identity_kind, on_behalf_of, connection, protocol,
    source_address, client_program, client_user, started_at, last_event_at, ended_at, end_reason, statements, allowed,
    denied, held, errors, rows, bytes, masked_values, events, last_seq, touched, classes
FROM weir.session_summary_source
SETTINGS optimize_aggregation_in_order = 1, max_threads = 2, max_insert_threads = 1;
