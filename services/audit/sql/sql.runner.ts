import { setTimeout as delay } from 'node:timers/promises';
import { AppError, newId } from '#kernel';
import type { ClickHouseClient } from '#audit-store';
import { refused } from './query.refused.js';
import { queryText } from './query.text.js';
import type { ReaderPool } from './reader.pool.js';
import { checkedQuery } from './sql.check.js';

/** Formats that a caller may ask for, beside our own JSON, and what each is on the wire. */
export const sqlFormats = {
  JSON: 'application/json',
  JSONEachRow: 'application/x-ndjson',
  JSONCompactEachRow: 'application/x-ndjson',
  CSVWithNames: 'text/csv',
  TabSeparatedWithNames: 'text/tab-separated-values',
  PrettyCompact: 'text/plain',
  Vertical: 'text/plain',
} as const;

export type SqlFormat = keyof typeof sqlFormats;

export interface SqlRunnerOptions {
  readonly readers: ReaderPool;
  /** Another session, from which a query that takes too long is killed. */
  readonly control: ClickHouseClient;
  /** Milliseconds. */
  readonly timeLimit: number;
  readonly maxRows: number;
  /** Bytes of a result's text. */
  readonly maxBytes: number;
}

/** Runs an auditor's SQL: checked, as a reader, for a limited time. */
export class SqlRunner {
  constructor(private readonly options: SqlRunnerOptions) {}

  /** The result as text in `format`; without one, as `{ columns: [{ name, type }], rows: [[…]] }`. */
  async run(query: string, format?: SqlFormat): Promise<string> {
    const { readers } = this.options;
    const reader = await readers.take();
    const running = this.#checkAndRun(reader, query, format);
    // A query that outlives its kill keeps its reader; the caller has long been answered.
    void running.ended.finally(() => readers.give(reader));
    return running.answer;
  }

  #checkAndRun(
    reader: ClickHouseClient,
    query: string,
    format: SqlFormat | undefined,
  ): { answer: Promise<string>; ended: Promise<unknown> } {
    const id = newId('sql');
    const work = (async () => {
      const checked = await checkedQuery(reader, query, this.options.maxRows);
      const text = await execute(reader, `/* ${id} */ ${checked}`, format ?? ownFormat);
      if (Buffer.byteLength(text) > this.options.maxBytes) throw tooLarge(`${this.options.maxBytes} bytes`);
      return format === undefined ? asOwnJson(text, this.options.maxRows) : text;
    })();
    const finished = new AbortController();
    const ended = work.catch(() => {}).finally(() => finished.abort());
    return { answer: Promise.race([work, this.#stopLate(id, finished.signal)]), ended };
  }

  /** Rejects once the time is over and the query was told to end; never resolves. */
  async #stopLate(id: string, finished: AbortSignal): Promise<never> {
    const late = await delay(this.options.timeLimit, true, { signal: finished }).catch(() => false);
    if (!late) return new Promise(() => {});
    await this.#kill(id);
    throw new AppError(
      'TIMEOUT',
      `the query took longer than ${this.options.timeLimit / 1000} s and was ended`,
      {
        hint: 'narrow it by time, or aggregate less',
      },
    );
  }

  async #kill(id: string): Promise<void> {
    await this.options.control.command({
      query: `KILL QUERY WHERE startsWith(query, '/* ${id} */') ASYNC`,
    });
  }
}

const ownFormat = 'JSONCompactEachRowWithNamesAndTypes';

async function execute(reader: ClickHouseClient, query: string, format: string): Promise<string> {
  try {
    return await queryText(reader, query, format);
  } catch (error) {
    throw executionError(error);
  }
}

/** Lines: names, types, then a row each. They are put together as text: a 64-bit number stays what it was. */
function asOwnJson(text: string, maxRows: number): string {
  const [names = '[]', types = '[]', ...rows] = text.trimEnd().split('\n');
  if (rows.length > maxRows) throw tooLarge(`${maxRows} rows`);
  const typeList = JSON.parse(types) as string[];
  const columns = (JSON.parse(names) as string[]).map((name, i) => ({ name, type: typeList[i] }));
  return `{"columns":${JSON.stringify(columns)},"rows":[${rows.join(',')}]}`;
}

const tooLarge = (limit: string) => refused(`the result is larger than ${limit}`, 'add LIMIT, or aggregate');

const limitHints: Readonly<Record<string, string>> = {
  '158': 'aggregate, or narrow the query by time', // TOO_MANY_ROWS
  '159': 'narrow the query by time, or aggregate less', // TIMEOUT_EXCEEDED
  '241': 'aggregate less at once, or narrow the query by time', // MEMORY_LIMIT_EXCEEDED
  '396': 'add LIMIT, or aggregate', // TOO_MANY_ROWS_OR_BYTES
};

function executionError(error: unknown): AppError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : String(error);
  if (code === '159' || code === '394')
    return new AppError('TIMEOUT', 'the query took too long and was ended', {
      cause: error,
      hint: 'narrow it by time, or aggregate less',
    });
  return refused(firstSentence(text), limitHints[code], error);
}

/** Without the scope, which quotes the query that we put around. */
function firstSentence(text: string): string {
  return (text.split(/(?: In scope |: While executing|: while executing|\n)/)[0] ?? text).slice(0, 500);
}
