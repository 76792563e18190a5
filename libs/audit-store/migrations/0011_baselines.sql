-- What was usual in the 28 days before a day; the day itself is never in it. `scope`:
--   identity: of an identity on a table of a connection      peers: of all identities of a kind there
--   table: of the table, whoever reads it                     whole: of an identity, everything together
-- Hours without activity are in no number: `hours` says how many had any.
CREATE TABLE IF NOT EXISTS weir.baseline_rows
(
    day Date CODEC(Delta, ZSTD(1)),
    scope LowCardinality(String),
    identity LowCardinality(String),
    identity_kind LowCardinality(String),
    connection LowCardinality(String),
    table_name LowCardinality(String),
    identities UInt64,
    hours UInt64,
    days UInt64,
    -- Rows of an active hour.
    rows_median Float64,
    rows_mad Float64,
    rows_q95 Float64,
    rows_q99 Float64,
    rows_most UInt64,
    -- Of peers and tables: whose hour `rows_most` was, and the most of anybody else.
    most_by LowCardinality(String),
    rows_second UInt64,
    -- Rows of an active day.
    day_rows_median Float64,
    day_rows_mad Float64,
    day_rows_most UInt64,
    statements_most UInt64,
    predicates_most UInt64,
    -- The sum of the hours' different values on a day.
    day_predicates_median Float64,
    day_predicates_most UInt64,
    denied_most UInt64,
    hosts_most UInt64,
    -- The most masked values of a class in an hour.
    masked_most Map(LowCardinality(String), UInt64),
    -- By hour of the week in the calendar's time zone (0: Monday, midnight to one): the most rows; on how many days active.
    week_rows Map(UInt8, UInt64),
    week_days Map(UInt8, UInt64),
    -- By hour of the day: on how many days active, working days and others apart.
    workday_hours Map(UInt8, UInt64),
    offday_hours Map(UInt8, UInt64),
    -- By quarter of an hour of the day (UTC): on how many days activity began in it.
    starts Map(UInt8, UInt64),
    starts_median Float64,
    starts_most UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (day, scope, identity, identity_kind, connection, table_name)
SETTINGS non_replicated_deduplication_window = 0;

CREATE VIEW IF NOT EXISTS weir.baselines
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.baseline_rows FINAL;
