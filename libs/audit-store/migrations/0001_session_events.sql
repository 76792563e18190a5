-- Every event of weir.session.v1, one row each. Readers use the view `session_events`.
--
-- Partitions go by the log's own day (`logged_at`), not by the writer's: an insert then falls into one
-- partition, is one part, and so is all there or not there at all. That is what lets ingest begin at
-- max(offset) + 1.
CREATE TABLE IF NOT EXISTS weir.session_event_rows
(
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    -- The exact bytes of the envelope; they arrive as base64, because the insert's format is text.
    raw_base64 String EPHEMERAL,
    raw String DEFAULT base64Decode(raw_base64) CODEC(ZSTD(1)),
    logged_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    event_id String,
    type LowCardinality(String),
    source LowCardinality(String),
    time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    session_id String,
    seq UInt64,
    hash String,

    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    on_behalf_of LowCardinality(String),
    connection LowCardinality(String),
    protocol LowCardinality(String),
    source_address String,
    client_program LowCardinality(String),
    client_user LowCardinality(String),

    statement_id String,
    text String CODEC(ZSTD(1)),
    text_hash String,
    fingerprint String,
    how LowCardinality(String),
    kinds Array(LowCardinality(String)),
    tables_read Array(LowCardinality(String)),
    tables_written Array(LowCardinality(String)),
    columns Array(LowCardinality(String)),
    functions Array(LowCardinality(String)),
    parameters Array(Nullable(String)) CODEC(ZSTD(1)),
    decision LowCardinality(String),
    reason String,
    policy_ids Array(LowCardinality(String)),
    snapshot LowCardinality(String),
    approval_id String,
    max_rows UInt64,

    hold_outcome LowCardinality(String),
    decided_by Array(LowCardinality(String)),
    waited_us Int64,

    status LowCardinality(String),
    command_tag LowCardinality(String),
    sqlstate LowCardinality(String),
    message String,
    rows UInt64,
    bytes UInt64,
    duration_us Int64,
    masked Map(LowCardinality(String), UInt64),
    result_digest String,
    recording_cut Bool,

    end_reason LowCardinality(String),
    bytes_in UInt64,
    bytes_out UInt64,

    payload String CODEC(ZSTD(1)),

    -- Of two rows with one (session_id, seq) the greatest version survives: the one that was logged first.
    first_wins UInt64 MATERIALIZED bitNot(offset),

    INDEX by_ingestion ingested_at TYPE minmax GRANULARITY 1,
    INDEX by_time time TYPE minmax GRANULARITY 1,
    INDEX by_statement statement_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_approval approval_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_identity identity TYPE set(100) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(first_wins)
PARTITION BY toDate(logged_at)
ORDER BY (session_id, seq)
-- An insert's part is one file, not one per column: a batch then costs half as much.
SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 134217728;

-- `raw` as base64: bytes that are not text do not travel in JSON.
CREATE VIEW IF NOT EXISTS weir.session_events
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * REPLACE (base64Encode(raw) AS raw)
FROM weir.session_event_rows FINAL;
