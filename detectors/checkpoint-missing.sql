-- id: checkpoint-missing
-- title: Events that no checkpoint covers
-- severity: high
-- technique: T1070
-- schedule: hour
-- explain: "{uncovered} events of {subject}, logged since {oldest}, are in no checkpoint; {covered}"
WITH cuts AS (
    -- A cut is made of what is logged: none of before covers what came after. Of two from one place the first counts, and one
    -- that claims more than a tree takes at once counts for nothing, as for whoever makes the trees.
    SELECT JSONExtractString(payload, 'topic') AS tree_topic, toUInt32(JSONExtractUInt(payload, 'partition')) AS tree_partition,
        toInt64OrZero(JSONExtractString(payload, 'after')) AS after_offset, toInt64OrZero(JSONExtractString(payload, 'through')) AS through_offset
    FROM weir.control_events
    WHERE topic = 'weir.proof.v1' AND type = 'TreeCut' AND logged_at >= {from:DateTime64(6)} - INTERVAL 1 HOUR
      AND through_offset > after_offset AND through_offset - after_offset <= 5000
    ORDER BY offset LIMIT 1 BY tree_topic, tree_partition, after_offset
)
SELECT
    '' AS identity, '' AS on_behalf_of, '' AS connection, concat(e.topic_name, '/', toString(e.partition)) AS subject,
    toDateTime64(toStartOfHour(max(e.logged_at)), 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    CAST([], 'Array(String)') AS sessions, CAST([], 'Array(String)') AS statements,
    count() AS uncovered, toDateTime64(min(e.logged_at), 6) AS oldest, argMin(c.through_offset, e.place) AS through,
    if(argMin(c.tree_topic, e.place) = '', 'none was made since', concat('the last one before them covers up to ', toString(through))) AS covered
FROM (
    SELECT toString(topic) AS topic_name, partition, toInt64(offset) AS place, logged_at FROM weir.session_events
    WHERE logged_at >= {from:DateTime64(6)} AND logged_at < {to:DateTime64(6)}
      -- A house without a tree has no checkpoints to miss.
      AND (SELECT count() FROM (SELECT 1 FROM weir.control_events WHERE topic = 'weir.proof.v1' AND type = 'TreeCut' LIMIT 1)) > 0
) AS e
ASOF LEFT JOIN cuts AS c ON c.tree_topic = e.topic_name AND c.tree_partition = e.partition AND c.after_offset < e.place
WHERE c.tree_topic = '' OR e.place > c.through_offset
GROUP BY e.topic_name, e.partition
