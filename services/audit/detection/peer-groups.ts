import { database, detectionTables, type ClickHouseClient } from '#audit-store';
import { dayMs, dayText, insertSelect, timeSql } from './store.sql.js';

/** Days before a day that what is usual on it is made of. */
export const baselineDays = 28;

/** With fewer active members a group says little of what is usual in it. */
const fewestMembers = 5;

const version = "toUInt64(toUnixTimestamp64Micro(now64(6, 'UTC')))";

/**
 * Says of each identity that was active in the 28 days before a day who its peers are: the others of its kind in that one of
 * its groups whose members are the most alike, by the tables they use and the order of magnitude of what they get there. A
 * group that everybody is in, or one that goes across work (a team's, say), is less alike than one that stands for a job.
 * Groups are those that its last session began with. Of groups as much alike the smallest is taken; an empty name stands for
 * all of the kind.
 */
export async function writePeerGroups(client: ClickHouseClient, day: number): Promise<void> {
  const [first, end] = [dayText(day - baselineDays * dayMs), dayText(day)];
  const who = `
    SELECT identity, any(d.identity_kind) AS identity_kind, arraySort(argMaxIf(d.groups, d.day, d.sessions_opened > 0)) AS groups
    FROM (SELECT * FROM ${database}.identity_days WHERE day >= '${first}' AND day < '${end}') AS d
    GROUP BY identity`;
  const memberships = `
    SELECT identity, identity_kind, arrayJoin(arrayDistinct(arrayPushBack(w.groups, ''))) AS member_of FROM (${who}) AS w`;
  // In so many rows: 3, 30, 300 of an hour are different work.
  const uses = `
    SELECT identity, connection, table_name, toUInt8(log10(1 + medianExact(h.rows))) AS digits
    FROM (
      SELECT * FROM ${database}.table_hours
      WHERE hour >= ${timeSql(day - baselineDays * dayMs)} AND hour < ${timeSql(day)} AND table_name != ''
    ) AS h GROUP BY identity, connection, table_name`;
  // Of n members u use a table: of each of those, u - 1 of the n - 1 others do.
  const groups = `
    SELECT identity_kind, member_of, any(size) AS members,
      if(members > 1, round(sum(users * (users - 1)) / (sum(users) * (members - 1)), 3), 0) AS likeness
    FROM (
      SELECT m.identity_kind AS identity_kind, m.member_of AS member_of, uniqExact(u.identity) AS users
      FROM (${memberships}) AS m JOIN (${uses}) AS u ON u.identity = m.identity
      GROUP BY identity_kind, member_of, u.connection, u.table_name, u.digits
    ) AS t
    JOIN (
      SELECT identity_kind, member_of, count() AS size FROM (${memberships}) GROUP BY identity_kind, member_of
    ) AS s ON s.identity_kind = t.identity_kind AND s.member_of = t.member_of
    GROUP BY identity_kind, member_of
    HAVING members >= ${fewestMembers} OR member_of = ''`;
  await insertSelect(
    client,
    detectionTables.peerGroups,
    {
      ...{ day: `toDate('${end}')`, identity: 'w.identity', identity_kind: 'w.identity_kind', version },
      ...{ peer_group: 'b.best.3', members: 'b.best_members', likeness: 'b.best.1', groups: 'w.groups' },
    },
    `FROM (${who}) AS w
    LEFT ANY JOIN (
      SELECT m.identity AS identity, max((g.likeness, -toInt64(g.members), g.member_of)) AS best, toUInt64(-best.2) AS best_members
      FROM (${memberships}) AS m
      JOIN (${groups}) AS g ON g.identity_kind = m.identity_kind AND g.member_of = m.member_of
      GROUP BY m.identity
    ) AS b ON b.identity = w.identity`,
  );
}

/** `identity` and `peer_group`, as they stand for a day. */
export const peerGroupsOf = (day: number): string =>
  `(SELECT identity, toString(peer_group) AS peer_group FROM ${database}.peer_groups WHERE day = '${dayText(day)}')`;
