-- id: honeytoken
-- title: A table or column that nobody has a reason to read
-- severity: critical
-- technique: T1213
-- schedule: stream
-- risk: high
-- explain: "{statements_run} statements on {subject} between {first_at} and {last_at:time}, {rows} rows, {denied_count} refused; it is a honeytoken"
SELECT
    a.identity AS identity, any(a.on_behalf_of) AS on_behalf_of, a.connection AS connection, token AS subject,
    toDateTime64(a.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    groupUniqArray(20)(a.session_id) AS sessions, groupUniqArray(20)(a.statement_id) AS statements,
    count() AS statements_run, sum(a.rows) AS rows, countIf(a.status = 'denied') AS denied_count,
    min(a.time) AS first_at, max(a.time) AS last_at
FROM weir.activity AS a
-- A star stands for all columns of what is read: `schema.table.*`.
ARRAY JOIN arrayFilter(t -> has(a.tables, t) OR has(a.tables_through, t) OR has(a.columns, t)
    OR has(a.columns, replaceRegexpOne(t, '^([^.]+[.][^.]+)[.][^.]+$', '\\1.*')) AND NOT has(a.tables_written, extract(t, '^[^.]+[.][^.]+')),
    {honeytokens:Array(String)}) AS token
WHERE a.hour >= {from:DateTime64(6)} AND a.hour < {to:DateTime64(6)}
GROUP BY a.hour, a.identity, a.connection, token
