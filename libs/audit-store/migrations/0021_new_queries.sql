-- Which queries are new: asked of by time, which the order of first uses, by identity, does not know. A copy in that order stands with
-- each part, so that what is new is found at the cost of what is new, whatever was ever asked.
ALTER TABLE weir.first_use_rows MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';

ALTER TABLE weir.first_use_rows ADD PROJECTION IF NOT EXISTS by_time (SELECT kind, first_at, identity, connection, value ORDER BY kind, first_at);

ALTER TABLE weir.first_use_rows MATERIALIZE PROJECTION by_time;

-- Without FINAL, which reads all of it and no projection: until parts are merged, a query that turned out to have been used earlier stands
-- here twice, so take min(first_at). `after_…`: it came within a day after a deployment of its identity.
CREATE VIEW IF NOT EXISTS weir.new_queries
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    f.identity AS identity, f.connection AS connection, f.value AS fingerprint, f.first_at AS first_at,
    arrayExists(d -> d.1 <= f.first_at AND d.1 > f.first_at - INTERVAL 1 DAY, built.deployments) AS after_deployment,
    arrayExists(d -> d.2 AND d.1 <= f.first_at AND d.1 > f.first_at - INTERVAL 1 DAY, built.deployments) AS after_published
FROM weir.first_use_rows AS f
LEFT JOIN
(
    SELECT b.identity AS identity, groupArray((b.at, b.published)) AS deployments FROM weir.deployments AS b GROUP BY b.identity
) AS built ON built.identity = f.identity
WHERE f.kind = 'fingerprint';
