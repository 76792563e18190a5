-- Detectors as they were published: a row for each file of each set, in its order. What a version's text was stands here, and
-- which file was refused, and why, while its last good version ran on.
CREATE VIEW IF NOT EXISTS weir.detectors
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    p.logged_at AS published_at,
    toInt64(p.offset) AS place,
    JSONExtractString(p.payload, 'version') AS set_version,
    toUInt32(p.n) AS number,
    JSONExtractString(p.file, 'file') AS file,
    JSONExtractString(p.file, 'owner') AS owner,
    JSONExtractString(p.file, 'refused') AS refused,
    JSONExtractString(p.file, 'detector') AS detector,
    JSONExtractString(p.file, 'version') AS version,
    JSONExtractString(p.file, 'title') AS title,
    JSONExtractString(p.file, 'severity') AS severity,
    JSONExtractString(p.file, 'technique') AS technique,
    JSONExtractString(p.file, 'schedule') AS schedule,
    JSONExtractString(p.file, 'text') AS text,
    p.event_id AS event_id
FROM
(
    SELECT e.logged_at AS logged_at, e.offset AS offset, e.payload AS payload, e.event_id AS event_id,
        arrayJoin(arrayZip(JSONExtractArrayRaw(e.payload, 'detectors'), arrayEnumerate(JSONExtractArrayRaw(e.payload, 'detectors')))) AS each,
        each.1 AS file, each.2 AS n
    FROM weir.control_event_rows AS e FINAL
    WHERE e.topic = 'weir.finding.v1' AND e.type = 'DetectorsPublished' AND e.subject = '-'
) AS p;
