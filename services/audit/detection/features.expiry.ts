import { database, detectionTables, type ClickHouseClient } from '#audit-store';
import { dayText, timeSql } from './store.sql.js';

/**
 * Removes what was made of events before then, as retention removes the events. What an identity did first stays for as long
 * as it is active, or it would be new again; of whom nothing is left, that goes, too.
 */
export async function expireFeatures(client: ClickHouseClient, before: number): Promise<void> {
  const { activity, tableHours, identityHours, identityDays, peerGroups, baselines, firstUses } =
    detectionTables;
  const conditions = [
    ...[activity, tableHours, identityHours].map((table) => [table, `hour < ${timeSql(before)}`]),
    ...[identityDays, peerGroups, baselines].map((table) => [table, `day < '${dayText(before)}'`]),
    [firstUses, `identity NOT IN (SELECT identity FROM ${database}.${activity})`],
  ];
  for (const [table, where] of conditions)
    await client.command({
      query: `ALTER TABLE ${database}.${table} DELETE WHERE ${where} SETTINGS mutations_sync = 1`,
    });
}
