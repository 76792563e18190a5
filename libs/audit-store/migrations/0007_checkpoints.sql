-- One row per batch that went into a tree: which events the tree's checkpoints cover from then on. Of two cuts from one
-- place the first counts, as for whoever makes the trees. Sizes, roots and signatures are not here but in the
-- checkpoints themselves: they prove nothing where their subject lies.
CREATE VIEW IF NOT EXISTS weir.checkpoints
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    JSONExtractString(e.payload, 'topic') AS topic,
    toUInt32(JSONExtractUInt(e.payload, 'partition')) AS partition,
    toInt64OrZero(JSONExtractString(e.payload, 'after')) AS after_offset,
    toInt64OrZero(JSONExtractString(e.payload, 'through')) AS through_offset,
    e.time AS time,
    e.source AS source,
    e.event_id AS event_id
FROM weir.control_event_rows AS e FINAL
WHERE e.type = 'TreeCut' AND through_offset > after_offset
ORDER BY e.offset
LIMIT 1 BY topic, partition, after_offset;
