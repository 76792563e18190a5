-- What could not be read, with the reason; the stream went on without it. `session_id` and `seq` are filled
-- where the envelope could still be read, so that a gap in a session can be told from a loss.
CREATE TABLE IF NOT EXISTS weir.dead_letter_rows
(
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    raw_base64 String EPHEMERAL,
    raw String DEFAULT base64Decode(raw_base64) CODEC(ZSTD(1)),
    logged_at DateTime64(3, 'UTC'),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
    event_id String,
    type String,
    session_id String,
    seq UInt64,
    reason String
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(logged_at)
ORDER BY (topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE VIEW IF NOT EXISTS weir.dead_letters
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * REPLACE (base64Encode(raw) AS raw)
FROM weir.dead_letter_rows FINAL;
