-- When an identity became another one than before: a change reference that is new to it, or, of one that has named no reference until then,
-- an image. Both are what its client says of itself (`application_name`), so whoever holds its credential may say them.
-- `published` is what somebody else said: in the seven days until then a person or a pipeline published a change of policies, masking rules
-- or connections whose reference names this reference, this image or this identity, as a word of its own (CHG-12 does not name CHG-1). A
-- word without a digit ("runner") is nobody's reference.
CREATE VIEW IF NOT EXISTS weir.deployments
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    d.identity AS identity, d.at AS at, d.reference AS reference, d.image AS image,
    max(arrayExists(t -> t > d.at - INTERVAL 7 DAY AND t <= d.at, changes.times)) AS published
FROM
(
    SELECT
        toString(f.identity) AS identity, f.first_at AS at,
        if(f.kind = 'reference', f.value, '') AS reference, if(f.kind = 'image', f.value, '') AS image,
        arrayJoin([identity, if(match(f.value, '[0-9]'), f.value, '')]) AS name
    FROM weir.first_use_rows AS f FINAL
    LEFT JOIN
    (
        SELECT r.identity AS identity, min(r.first_at) AS at
        FROM weir.first_use_rows AS r FINAL
        WHERE r.kind = 'reference' AND r.value != ''
        GROUP BY r.identity
    ) AS named ON named.identity = f.identity
    WHERE f.kind IN ('reference', 'image') AND f.value != ''
        AND (f.kind = 'reference' OR named.identity = '' OR f.first_at < named.at)
) AS d
LEFT JOIN
(
    SELECT
        arrayJoin(arrayMap(w -> replaceRegexpOne(w, '[.:!?]+$', ''), extractAll(e.reason, '[^][ \t\r\n,;(){}<>"\']+'))) AS word,
        groupArray(e.time) AS times
    FROM weir.control_event_rows AS e FINAL
    WHERE e.topic = 'weir.policy.v1' AND e.identity != '' AND e.reason != ''
        AND e.type IN ('PoliciesPublished', 'MaskingPublished', 'ConnectionRegistered', 'ConnectionRemoved')
    GROUP BY word
    HAVING word != ''
) AS changes ON changes.word = d.name
GROUP BY d.identity, d.at, d.reference, d.image;
