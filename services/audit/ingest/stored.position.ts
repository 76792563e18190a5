import { database, storageTables, type ClickHouseClient, type StorageTable } from '#audit-store';
import type { Partition, Position } from '#event-log';
import { topics } from '#events';

/** Where a topic's events become rows. */
export const tableOf = (topic: Partition['topic']): StorageTable =>
  topic === topics.session ? storageTables.sessionEvents : storageTables.controlEvents;

/** The last event of this partition that has a row, whoever wrote it; offset -1: none. */
export async function storedPosition(
  client: ClickHouseClient,
  { topic, partition }: Partition,
): Promise<Position> {
  const answer = await client.query({
    query: `
      SELECT if(count() = 0, -1, toInt64(max(offset))) AS offset FROM ${database}.${tableOf(topic)}
      WHERE topic = {topic: String} AND partition = {partition: UInt32}`,
    query_params: { topic, partition },
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ offset: number | string }>();
  return { topic, partition, offset: Number(row?.offset ?? -1) };
}
