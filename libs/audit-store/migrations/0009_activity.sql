-- What detection knows of a statement: its outcome with what was received of it beside, and of a session its start. One
-- row each, derived from `session_event_rows` alone, in the hour in which it was over: rows leave with the outcome.
CREATE TABLE IF NOT EXISTS weir.activity_rows
(
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    on_behalf_of LowCardinality(String),
    connection LowCardinality(String),
    session_id String,
    statement_id String,
    seq UInt64,
    type LowCardinality(String),
    time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    source_host LowCardinality(String),
    client_program LowCardinality(String),
    client_user LowCardinality(String),
    fingerprint LowCardinality(String),
    -- Of the text and the values bound to it: statements that differ in a value alone have one fingerprint and two of these.
    predicate UInt64,
    kinds Array(LowCardinality(String)),
    tables Array(LowCardinality(String)),
    tables_written Array(LowCardinality(String)),
    columns Array(LowCardinality(String)),
    decision LowCardinality(String),
    status LowCardinality(String),
    sqlstate LowCardinality(String),
    rows UInt64,
    bytes UInt64,
    duration_us Int64,
    masked Map(LowCardinality(String), UInt64)
)
ENGINE = ReplacingMergeTree(seq)
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, identity, connection, session_id, statement_id)
SETTINGS non_replicated_deduplication_window = 0;

CREATE VIEW IF NOT EXISTS weir.activity
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * FROM weir.activity_rows FINAL;
