-- id: checkpoint-missing
-- title: Events that no checkpoint covers
-- severity: high
-- technique: T1070
-- schedule: hour
-- explain: "{uncovered} events of {subject}, logged since {oldest}, are in no checkpoint; the last one covers up to {covered}"
SELECT
    '' AS identity, '' AS on_behalf_of, '' AS connection, concat(toString(e.topic), '/', toString(e.partition)) AS subject,
    toDateTime64(toStartOfHour(max(e.logged_at)), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    CAST([], 'Array(String)') AS sessions, CAST([], 'Array(String)') AS statements,
    count() AS uncovered, toDateTime64(min(e.logged_at), 6) AS oldest, any(c.through) AS covered
FROM weir.session_events AS e
JOIN (
    SELECT topic, partition, max(through_offset) AS through FROM weir.checkpoints GROUP BY topic, partition
) AS c ON c.topic = e.topic AND c.partition = e.partition
WHERE e.logged_at >= {from:DateTime64(6)} AND e.logged_at < {to:DateTime64(6)} AND toInt64(e.offset) > c.through
GROUP BY e.topic, e.partition
