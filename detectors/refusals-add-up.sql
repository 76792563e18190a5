-- id: refusals-add-up
-- title: Far more refusals in some days than before
-- severity: medium
-- technique: T1595
-- schedule: day
-- learning: 14
-- parameters: { days: 5, refusals: 24, factor: 3 }
-- explain: "{refusals_seen} statements refused in {days} days; in any {days} days of the four weeks before at most {most}"
SELECT
    t.identity AS identity, t.on_behalf_of AS on_behalf_of, '' AS connection, '' AS subject,
    toDateTime64(t.today, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end,
    t.session_ids AS sessions, CAST([], 'Array(String)') AS statements,
    t.refusals_seen AS refusals_seen,
    arrayMax(arrayMap(k -> arraySum(arrayMap(d -> if(d.1 > k - {days:Int32} AND d.1 <= k, d.2, 0), t.before)), arrayMap(d -> d.1, t.before))) AS most
FROM (
    SELECT d.today AS today, h.identity AS identity, any(h.on_behalf_of) AS on_behalf_of,
        sumIf(h.denied, h.day > d.today - {days:UInt16}) AS refusals_seen, sumIf(h.denied, h.day = d.today) AS of_today,
        arrayPushBack(groupArrayIf((toInt32(toRelativeDayNum(h.day)), h.denied), h.day <= d.today - {days:UInt16}), (toInt32(0), toUInt64(0))) AS before,
        groupUniqArrayArrayIf(20)(h.sessions, h.day > d.today - {days:UInt16} AND h.denied > 0) AS session_ids
    FROM (
        SELECT arrayJoin(range(toUInt32(toRelativeDayNum({from:DateTime64(6)})), toUInt32(toRelativeDayNum({to:DateTime64(6)} - toIntervalSecond(1))) + 1)) AS i,
            toDate(i) AS today
    ) AS d
    CROSS JOIN (
        SELECT * FROM weir.identity_days WHERE day >= toDate({from:DateTime64(6)}) - 28 - {days:UInt16} AND day <= toDate({to:DateTime64(6)})
    ) AS h
    WHERE h.day <= d.today AND h.day > d.today - 28 - {days:UInt16}
    GROUP BY d.today, h.identity
) AS t
WHERE t.refusals_seen >= {refusals:UInt64} AND t.of_today * 2 * {days:UInt16} >= t.refusals_seen AND t.refusals_seen >= {factor:Float64} * most
