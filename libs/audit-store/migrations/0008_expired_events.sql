-- What is kept of a session's event that retention has erased: everything that its hash covers, the content as a hash of
-- its own. The chain can be followed over it, and what somebody else has kept of the event can be held against it.
--
-- Rows are written before the `Erased` event that they name. One whose event never came is no more than a plan.
CREATE TABLE IF NOT EXISTS weir.expired_event_rows
(
    session_id String,
    seq UInt64,
    hash String,
    event_id String,
    type LowCardinality(String),
    time_us Int64 CODEC(Delta, ZSTD(1)),
    content String,
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64 CODEC(Delta, ZSTD(1)),
    logged_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    erasure LowCardinality(String),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),

    INDEX by_erasure erasure TYPE set(100) GRANULARITY 1,
    INDEX by_offset offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY (session_id, seq, erasure)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE VIEW IF NOT EXISTS weir.expired_events
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    session_id, seq, hash, event_id, type, time_us, fromUnixTimestamp64Micro(time_us, 'UTC') AS time, content, topic, partition,
    offset, logged_at, erasure
FROM weir.expired_event_rows FINAL
WHERE erasure IN (SELECT event_id FROM weir.control_event_rows WHERE topic = 'weir.retention.v1' AND type = 'Erased');
