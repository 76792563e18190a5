import { database, storageTables, type ClickHouseClient, type StorageTable } from '#audit-store';
import type { Partition, Position } from '#event-log';
import { topics, type Topic } from '#events';

/** What becomes rows: all but what this service itself says of events that could not. */
export const storedTopics: readonly Topic[] = Object.values(topics).filter(
  (topic) => topic !== topics.deadLetter,
);

/** Where a topic's events become rows. */
export const tableOf = (topic: Topic): StorageTable =>
  topic === topics.session ? storageTables.sessionEvents : storageTables.controlEvents;

/** What has been erased was stored: it must not be read again. */
const tablesOf = (topic: Topic): StorageTable[] =>
  topic === topics.session ? [tableOf(topic), storageTables.expiredEvents] : [tableOf(topic)];

const lastOf = (table: StorageTable): string => `
  SELECT toInt64(max(offset)) AS offset FROM ${database}.${table}
  WHERE topic = {topic: String} AND partition = {partition: UInt32} HAVING count() > 0`;

/** The last event of this partition that has a row, whoever wrote it; offset -1: none. */
export async function storedPosition(
  client: ClickHouseClient,
  { topic, partition }: Partition,
): Promise<Position> {
  const answer = await client.query({
    query: `
      SELECT if(count() = 0, -1, max(t.offset)) AS offset FROM (${tablesOf(topic).map(lastOf).join(' UNION ALL ')}) AS t`,
    query_params: { topic, partition },
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ offset: number | string }>();
  return { topic, partition, offset: Number(row?.offset ?? -1) };
}
