-- What somebody named in the change reference of something that was published: a ticket, a commit, an image, an agent; a row for each word.
-- Words with neither a digit nor a colon name nothing ("runner"), and what a gate reads again on a signal nobody published.
CREATE VIEW IF NOT EXISTS weir.published_words
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    arrayJoin(arrayDistinct(arrayMap(w -> replaceRegexpOne(w, '[.:!?]+$', ''), extractAll(e.reason, '[^][ \t\r\n,;(){}<>"\']+')))) AS word,
    e.time AS at, toString(e.identity) AS identity, toString(e.type) AS type, e.event_id AS event_id
FROM weir.control_event_rows AS e FINAL
WHERE e.topic = 'weir.policy.v1' AND e.identity != '' AND match(word, '[0-9:]')
    AND e.type IN ('PoliciesPublished', 'MaskingPublished', 'ConnectionRegistered', 'ConnectionRemoved');

-- When an identity became another one than before: a change reference that is new to it, or, of one that has named no reference until then,
-- an image. Both are what its client says of itself (`application_name`), so whoever holds its credential may say them.
-- `published` is what somebody else said: in the seven days until then a change was published that names this reference, this image or this
-- identity, as a word of its own (CHG-12 does not name CHG-1).
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
        arrayJoin([identity, f.value]) AS name
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
    SELECT w.word AS word, groupArray(w.at) AS times FROM weir.published_words AS w GROUP BY w.word
) AS changes ON changes.word = d.name
GROUP BY d.identity, d.at, d.reference, d.image;
