import { setTimeout as delay } from 'node:timers/promises';
import { AppError, newId } from '#kernel';
import type { ClickHouseClient } from '#audit-store';
import { refused } from './query.refused.js';
import { queryBytes, type QueryResult } from './query.bytes.js';
import type { ReaderPool } from './reader.pool.js';
import { checkedQuery, type Rewrite } from './sql.check.js';

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

/** A query as a door hands it over. */
export interface SqlQuestion {
  readonly query: string;
  /** Where the query names none itself. */
  readonly format: string;
  readonly rewrite?: Rewrite;
  /** Milliseconds; the runner's own limit holds as well. */
  readonly timeLimit?: number;
  /** Aborted once nobody waits for the answer: the query is ended. */
  readonly gone?: AbortSignal;
}

export interface SqlAnswer extends QueryResult {
  readonly format: string;
}

/** Runs an auditor's SQL: checked, as a reader, for a limited time. */
export class SqlRunner {
  constructor(private readonly options: SqlRunnerOptions) {}

  /** The result as text in `format`; without one, as `{ columns: [{ name, type }], rows: [[…]] }`. */
  async run(query: string, format?: SqlFormat): Promise<string> {
    const { bytes } = await this.answer({ query, format: format ?? ownFormat });
    const text = bytes.toString('utf8');
    return format === undefined ? asOwnJson(text, this.options.maxRows) : text;
  }

  /** The result in the format that the query names, or else in the question's. */
  async answer(question: SqlQuestion): Promise<SqlAnswer> {
    const { readers } = this.options;
    const reader = await readers.take(question.gone);
    const running = this.#checkAndRun(reader, question);
    // A query that outlives its kill keeps its reader; the caller has long been answered.
    void running.ended.finally(() => readers.give(reader));
    return running.answer;
  }

  #checkAndRun(
    reader: ClickHouseClient,
    { query, format, rewrite, gone, timeLimit = this.options.timeLimit }: SqlQuestion,
  ): { answer: Promise<SqlAnswer>; ended: Promise<unknown> } {
    const id = newId('sql');
    const { maxRows, maxBytes } = this.options;
    const stopped = new AbortController();
    const work = (async () => {
      const checked = await checkedQuery(reader, query, maxRows, rewrite);
      stopped.signal.throwIfAborted();
      const result = await execute(reader, `/* ${id} */ ${checked.text}`, checked.format ?? format);
      if (result.bytes.length > maxBytes) throw tooLarge(`${maxBytes} bytes`);
      return { ...result, format: checked.format ?? format };
    })();
    const finished = new AbortController();
    const ended = work.catch(() => {}).finally(() => finished.abort());
    const limit = Math.min(timeLimit, this.options.timeLimit);
    const stop = this.#stopped(limit, finished.signal, gone).catch((reason: unknown) => {
      stopped.abort();
      void this.#kill(id, finished.signal);
      throw reason;
    });
    return { answer: Promise.race([work, stop]), ended };
  }

  /** Rejects once the time is over or nobody waits any more; never resolves. */
  async #stopped(timeLimit: number, finished: AbortSignal, gone: AbortSignal | undefined): Promise<never> {
    const end = gone ? AbortSignal.any([finished, gone]) : finished;
    const late = await delay(timeLimit, true, { signal: end }).catch(() => false);
    if (gone?.aborted && !finished.aborted)
      throw new AppError('SHUTTING_DOWN', 'nobody waits for this query any more');
    if (!late) return new Promise(() => {});
    throw new AppError('TIMEOUT', `the query took longer than ${timeLimit / 1000} s and was ended`, {
      hint: 'narrow it by time, or aggregate less',
    });
  }

  /** Again and again until it is over: the engine knows a query only once that has begun to run. */
  async #kill(id: string, finished: AbortSignal): Promise<void> {
    while (!finished.aborted) {
      const query = `KILL QUERY WHERE startsWith(query, '/* ${id} */') ASYNC`;
      await this.options.control.command({ query }).catch(() => {});
      await delay(killEvery, undefined, { signal: finished }).catch(() => {});
    }
  }
}

/** Milliseconds. */
const killEvery = 250;

const ownFormat = 'JSONCompactEachRowWithNamesAndTypes';

async function execute(reader: ClickHouseClient, query: string, format: string): Promise<QueryResult> {
  try {
    return await queryBytes(reader, query, format);
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
