import { database, detectionTables, type ClickHouseClient } from '#audit-store';
import { readMarks, writeMarks } from './marks.js';
import { dayMs, dayText, timeSql } from './store.sql.js';

/** What was usual before a day is read with that day, by detectors and by people who look at it. */
const baselinesFor = 60 * dayMs;

/**
 * Has the store remove baselines that nobody reads any more, and what was made of events that retention keeps no longer (`days`; absent:
 * it keeps all). What an identity did first stays for as long as it is active, or it would be new again; of whom nothing is left, that
 * goes, too. Done once a day and `days`, after however many starts: each time is a handful of mutations. Returns whether it was time, once
 * that is asked for: the store does it in its own time, and findings do not wait.
 */
export async function expireFeatures(
  client: ClickHouseClient,
  today: number,
  days?: number,
): Promise<boolean> {
  const now = { place: days ?? 0, at: today };
  const last = (await readMarks(client)).get(mark);
  if (last?.at === now.at && last.place === now.place) return false;
  await expire(client, today, days);
  await writeMarks(client, new Map([[mark, now]]));
  return true;
}

const mark = 'expired';

async function expire(client: ClickHouseClient, today: number, days?: number): Promise<void> {
  const { baselines, marks } = detectionTables;
  const old = today - baselinesFor;
  const conditions = [
    [baselines, `day < '${dayText(Math.max(old, beginOf(today, days)))}'`],
    [marks, `startsWith(name, 'stale/') AND name < 'stale/${dayText(old)}'`],
    [marks, `startsWith(name, 'unanswered/') AND toInt64OrZero(extract(name, '[0-9]+$')) < ${old}`],
    ...(days === undefined ? [] : ofEvents(beginOf(today, days))),
  ];
  for (const [table, where] of conditions)
    await client.command({
      query: `ALTER TABLE ${database}.${table} DELETE WHERE ${where} SETTINGS mutations_sync = 0`,
    });
}

const beginOf = (today: number, days = Infinity): number => Math.max(0, today - days * dayMs);

function ofEvents(before: number): string[][] {
  const { activity, tableHours, identityHours, identityDays, peerGroups, firstUses } = detectionTables;
  const active = `SELECT identity FROM ${database}.${activity} WHERE hour >= ${timeSql(before)}`;
  return [
    ...[activity, tableHours, identityHours].map((table) => [table, `hour < ${timeSql(before)}`]),
    ...[identityDays, peerGroups].map((table) => [table, `day < '${dayText(before)}'`]),
    [firstUses, `identity NOT IN (${active})`],
  ];
}
