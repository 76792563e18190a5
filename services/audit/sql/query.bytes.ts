import type { ClickHouseClient } from '#audit-store';

type Settings = NonNullable<Parameters<ClickHouseClient['exec']>[0]['clickhouse_settings']>;

/** What the engine says that it did; numbers as text. */
export type QuerySummary = NonNullable<Awaited<ReturnType<ClickHouseClient['exec']>>['summary']>;

export interface QueryResult {
  readonly bytes: Buffer;
  readonly summary: QuerySummary | undefined;
}

/**
 * Runs a query and gives its result, whole. The format is named beside the query, not in it: after EXPLAIN,
 * a FORMAT clause would belong to the query that is explained. (The client's type has fewer formats than the
 * engine.)
 */
export async function queryBytes(
  client: ClickHouseClient,
  query: string,
  format: string,
): Promise<QueryResult> {
  const { stream, summary } = await client.exec({
    query,
    clickhouse_settings: { default_format: format } as Settings,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return { bytes: Buffer.concat(chunks), summary };
}
