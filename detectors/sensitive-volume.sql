-- id: sensitive-volume
-- title: More values of a sensitive class than ever
-- severity: high
-- technique: T1530
-- schedule: stream
-- parameters: { values: 2500, factor: 1.2, pages: 20, quick_pages: 2, pace: 15, new_days: 7, new_pages: 5, known_factor: 3, alone: 50, newcomer_values: 30000, newcomer_pages: 40, newcomer_single: 100000, newcomer_days: 5 }
-- risk: high
-- explain: "{values_out} values of class {subject} in results between {first_at} and {last_at:time}, {masked_out} masked and {revealed_out} in the clear, by {queries}, in {runs} statements; own most in an hour of 28 days: {most}; peers: at most {peers_most}"
WITH news AS (
    -- As in bulk-read.
    SELECT n.identity AS identity, n.connection AS connection, n.fingerprint AS fingerprint, min(n.first_at) AS first_at
    FROM weir.new_queries AS n
    WHERE n.first_at >= {from:DateTime64(6)} - toIntervalDay({new_days:UInt16}) AND n.first_at < {to:DateTime64(6)}
      AND NOT if({changes:String} = 'client', n.after_deployment, n.after_published)
      AND (n.identity, n.fingerprint) IN (SELECT identity, toString(fingerprint) FROM weir.activity WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)})
    GROUP BY n.identity, n.connection, n.fingerprint
), reads AS (
    SELECT a.hour AS hour, a.identity AS identity, a.connection AS connection, any(a.on_behalf_of) AS on_behalf_of,
        toString(arrayJoin(arrayDistinct(arrayConcat(mapKeys(a.masked), mapKeys(a.revealed))))) AS class,
        news.first_at > toDateTime64(a.hour, 6) - toIntervalDay({new_days:UInt16}) AND news.first_at < toDateTime64(a.hour, 6) + INTERVAL 1 HOUR AS is_new,
        -- Each query by itself, and all new ones together ('').
        arrayJoin(if(is_new, [toString(a.fingerprint), ''], [toString(a.fingerprint)])) AS query,
        uniqExact(a.fingerprint) AS spellings, min(news.first_at) < toDateTime64(a.hour, 6) AS is_known,
        sum(a.masked[class]) AS masked_out, sum(a.revealed[class]) AS revealed_out, masked_out + revealed_out AS values_out, count() AS runs,
        min(a.time) AS first_at, max(a.time) AS last_at, groupUniqArray(20)(a.session_id) AS session_ids, groupUniqArray(20)(a.statement_id) AS ids
    FROM weir.activity AS a
    LEFT JOIN news ON news.identity = a.identity AND news.connection = a.connection AND news.fingerprint = a.fingerprint
    WHERE a.hour >= {from:DateTime64(6)} AND a.hour < {to:DateTime64(6)} AND a.type = 'StatementOutcome' AND a.decision != 'hold'
    GROUP BY hour, identity, connection, class, is_new, query
    HAVING values_out >= {values:UInt64}
)
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, t.connection AS connection, t.class AS subject,
    toDateTime64(t.hour, 6) AS window_start, window_start + INTERVAL 1 HOUR AS window_end,
    t.session_ids AS sessions, t.ids AS statements,
    t.values_out AS values_out, t.masked_out AS masked_out, t.revealed_out AS revealed_out, t.runs AS runs, t.spellings AS spellings, t.first_at AS first_at, t.last_at AS last_at,
    -- Baselines of before values in the clear were counted have those that were masked.
    greatest(whole.values_most[t.class], whole.masked_most[t.class]) AS most, peers.values_most[t.class] AS peers_most, t.is_new AND t.query != '' AS is_new, t.is_new AND t.query = '' AS is_sum,
    multiIf(NOT t.is_new, 'one query, which it runs', spellings > 1, concat(toString(spellings), ' queries, which are new to it'), t.is_known, 'one query, which it has run for some days at most', 'one query, which it never ran before') AS queries,
    -- Nobody reads a page in so many seconds; a batch does.
    t.on_behalf_of != '' AND t.runs > 1 AND dateDiff('second', t.first_at, t.last_at) <= {pace:Float64} * (t.runs - 1) AS is_quick
FROM reads AS t
LEFT JOIN (
    SELECT * FROM weir.baselines
    WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
) AS whole ON whole.day = toDate(t.hour) AND whole.identity = t.identity
LEFT JOIN (
    -- Settled ones that do the work of one of its groups: who is new has no peer group of its own yet.
    SELECT d.day AS day, d.identity AS identity, maxMap(b.values_most) AS values_most
    FROM (
        SELECT day, identity, identity_kind, arrayJoin(groups) AS member_of FROM weir.identity_days
        WHERE day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)})
    ) AS d
    JOIN (
        SELECT day, identity_kind, toString(peer_group) AS member_of, maxMap(w.values_most) AS values_most FROM weir.baselines AS w
        WHERE scope = 'whole' AND day >= toDate({from:DateTime64(6)}) AND day <= toDate({to:DateTime64(6)}) AND days >= {newcomer_days:UInt64}
        GROUP BY day, identity_kind, member_of
    ) AS b ON b.day = d.day AND b.identity_kind = d.identity_kind AND b.member_of = d.member_of
    GROUP BY day, identity
) AS peers ON peers.day = toDate(t.hour) AND peers.identity = t.identity
WHERE if(whole.days >= {newcomer_days:UInt64},
    -- A batch that was written anew, and gets of a class what its peers get, in no more rows than ever: that is what they are written for.
    is_new AND (t.on_behalf_of != '' OR t.values_out > least(peers_most, whole.rows_most)) AND t.values_out >= if(t.is_known, {known_factor:Float64}, {factor:Float64}) * most AND (t.runs >= {new_pages:UInt64} OR is_quick AND t.runs >= {quick_pages:UInt64})
      -- Some of what somebody makes up has values: together they must be more than all rows ever.
      OR is_sum AND t.runs >= {new_pages:UInt64} AND t.values_out >= {factor:Float64} * greatest(most, whole.rows_most)
      OR t.values_out >= {factor:Float64} * most AND t.runs >= {pages:UInt64} AND t.runs > 0.75 * whole.statements_most
      OR t.values_out >= {alone:Float64} * greatest(most, whole.rows_most),
    t.values_out >= {newcomer_values:UInt64} AND (t.on_behalf_of != '' OR t.runs >= {newcomer_pages:UInt64})
      OR t.values_out >= {newcomer_single:UInt64} AND t.values_out > peers_most)
-- One finding for an hour of a class, as in bulk-read.
ORDER BY values_out DESC, spellings LIMIT 1 BY t.hour, t.identity, t.connection, t.class
