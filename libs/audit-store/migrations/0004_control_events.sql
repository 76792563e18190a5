-- Every event of the other topics. An event id that stands in the log twice is one event: the first.
CREATE TABLE IF NOT EXISTS weir.control_event_rows
(
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    raw_base64 String EPHEMERAL,
    raw String DEFAULT base64Decode(raw_base64) CODEC(ZSTD(1)),
    logged_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    event_id String,
    type LowCardinality(String),
    source LowCardinality(String),
    subject String,
    time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    -- Whom the event names as the one who acted or asked.
    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    connection LowCardinality(String),
    session_id String,
    statement_id String,
    approval_id String,
    decision LowCardinality(String),
    reason String,
    payload String CODEC(ZSTD(1)),
    first_wins UInt64 MATERIALIZED bitNot(offset),

    INDEX by_ingestion ingested_at TYPE minmax GRANULARITY 1,
    INDEX by_time time TYPE minmax GRANULARITY 1,
    INDEX by_approval approval_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_statement statement_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(first_wins)
PARTITION BY toYYYYMM(logged_at)
ORDER BY (topic, event_id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE VIEW IF NOT EXISTS weir.control_events
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * REPLACE (base64Encode(raw) AS raw)
FROM weir.control_event_rows FINAL;
