-- How far detection has come: by partition of the log (`place`: an offset), and in time (`at`) of what runs by the hour and
-- by the day. Written after what it stands for: whoever dies before repeats that, and nothing comes twice.
CREATE TABLE IF NOT EXISTS weir.detection_mark_rows
(
    name String,
    place Int64,
    at DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 0;
