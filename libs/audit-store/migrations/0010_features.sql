-- Features: what an hour or a day comes to. A bucket that new rows touch is computed anew and replaces what was there; the
-- newest version counts. Lists are bounded, counts are not.
CREATE TABLE IF NOT EXISTS weir.table_hour_rows
(
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    on_behalf_of LowCardinality(String),
    connection LowCardinality(String),
    -- `schema.table`; empty for statements that name none. A statement that names two counts on both.
    table_name LowCardinality(String),
    statements UInt64,
    writes UInt64,
    denied UInt64,
    held UInt64,
    over_budget UInt64,
    errors UInt64,
    rows UInt64,
    most_rows UInt64,
    -- Of statements that a person approved; they are in `rows`, too.
    approved_rows UInt64,
    bytes UInt64,
    masked Map(LowCardinality(String), UInt64),
    -- Different values asked for, and some of them (256): sets of several hours can be put together.
    predicates UInt64,
    some_predicates Array(UInt64),
    -- At most 64.
    fingerprints Array(String),
    minutes Array(UInt8),
    first_at DateTime64(6, 'UTC'),
    last_at DateTime64(6, 'UTC'),
    -- At most 20 each; the statements are those with the most rows.
    hosts Array(String),
    programs Array(String),
    sessions Array(String),
    statement_ids Array(String),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, identity, connection, table_name)
SETTINGS non_replicated_deduplication_window = 0;

CREATE VIEW IF NOT EXISTS weir.table_hours
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.table_hour_rows FINAL;

CREATE TABLE IF NOT EXISTS weir.identity_hour_rows
(
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    on_behalf_of LowCardinality(String),
    connection LowCardinality(String),
    sessions_opened UInt64,
    statements UInt64,
    denied UInt64,
    held UInt64,
    over_budget UInt64,
    errors UInt64,
    rows UInt64,
    bytes UInt64,
    masked Map(LowCardinality(String), UInt64),
    predicates UInt64,
    fingerprint_count UInt64,
    table_count UInt64,
    -- At most 64.
    tables Array(String),
    minutes Array(UInt8),
    first_at DateTime64(6, 'UTC'),
    last_at DateTime64(6, 'UTC'),
    -- At most 20 each.
    hosts Array(String),
    programs Array(String),
    users Array(String),
    sessions Array(String),
    statement_ids Array(String),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, identity, connection)
SETTINGS non_replicated_deduplication_window = 0;

CREATE VIEW IF NOT EXISTS weir.identity_hours
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.identity_hour_rows FINAL;

CREATE TABLE IF NOT EXISTS weir.identity_day_rows
(
    day Date CODEC(Delta, ZSTD(1)),
    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    on_behalf_of LowCardinality(String),
    active_hours UInt8,
    sessions_opened UInt64,
    statements UInt64,
    denied UInt64,
    held UInt64,
    over_budget UInt64,
    errors UInt64,
    rows UInt64,
    bytes UInt64,
    masked Map(LowCardinality(String), UInt64),
    tables Array(String),
    hosts Array(String),
    programs Array(String),
    -- Minutes of the day (UTC) at which activity began after a quarter of an hour or more without any.
    starts Array(UInt16),
    longest_gap_minutes UInt16,
    first_at DateTime64(6, 'UTC'),
    last_at DateTime64(6, 'UTC'),
    sessions Array(String),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (day, identity)
SETTINGS non_replicated_deduplication_window = 0;

CREATE VIEW IF NOT EXISTS weir.identity_days
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.identity_day_rows FINAL;

-- When an identity first did, used or came from something. `kind`: `identity`, `host`, `network`, `program`, `image`,
-- `reference`, `user` (without a connection), `table`, `fingerprint`. Grows with what is new, not with what happens.
CREATE TABLE IF NOT EXISTS weir.first_use_rows
(
    identity LowCardinality(String),
    connection LowCardinality(String),
    kind LowCardinality(String),
    value String,
    identity_kind LowCardinality(String),
    on_behalf_of LowCardinality(String),
    first_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    session_id String,
    statement_id String,
    earliest_wins UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Micro(first_at))),

    INDEX by_first first_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(earliest_wins)
ORDER BY (kind, identity, connection, value)
SETTINGS non_replicated_deduplication_window = 0;

CREATE VIEW IF NOT EXISTS weir.first_uses
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * FROM weir.first_use_rows FINAL;

-- Who is still being learned: detectors with `learning: 14` find nothing of an identity before `learned_at`.
CREATE VIEW IF NOT EXISTS weir.identity_learning
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT identity, identity_kind, first_at AS first_seen, first_at + INTERVAL 14 DAY AS learned_at,
    if(learned_at > now64(6), 'learning', 'learned') AS state
FROM weir.first_use_rows FINAL
WHERE kind = 'identity';
