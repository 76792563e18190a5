import type { ClickHouseClient } from '#audit-store';

type Settings = NonNullable<Parameters<ClickHouseClient['exec']>[0]['clickhouse_settings']>;

/**
 * Runs a query and gives its result as text. The format is named beside the query, not in it: after EXPLAIN,
 * a FORMAT clause would belong to the query that is explained. (The client's type has fewer formats than the
 * engine.)
 */
export async function queryText(client: ClickHouseClient, query: string, format: string): Promise<string> {
  const { stream } = await client.exec({
    query,
    clickhouse_settings: { default_format: format } as Settings,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}
