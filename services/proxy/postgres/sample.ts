import { setImmediate as breathe } from 'node:timers/promises';
import { AppError, isAppError } from '#kernel';
import type { TargetAddress } from '../gate/gate.js';
import {
  partsOf,
  tablesQuery,
  valuesQuery,
  type SampledColumn,
  type SampledTable,
} from './sample-queries.js';
import { TargetError, type Row } from './target-channel.js';
import { unreachable } from './target-tls.js';
import { connectTarget, type Target } from './target.js';

export type { SampledColumn } from './sample-queries.js';

export interface SampleOptions {
  /** Rows of a table, at most. */
  readonly rows: number;
  /** Tables, at most. */
  readonly tables: number;
  readonly wanted: (schema: string, table: string) => boolean;
  /** Ends it between two queries: what was read so far stands. */
  readonly signal: AbortSignal;
  /** One column with values of it, as bytes; it may be slow. Its values are nobody's afterwards. */
  readonly onColumn: (column: SampledColumn, values: readonly Buffer[]) => void;
}

export interface SampleReport {
  readonly tables: number;
  /** Tables that were not read, each with the reason. */
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
  /** There were more tables than may be read, or the time was over. */
  readonly cut: boolean;
}

const settings = new Map([
  ['application_name', 'weirkeeper classify'],
  ['search_path', ''],
  ['statement_timeout', '5s'],
]);
/** For a target that says nothing at all, its own timeout included. */
const SILENCE = 15_000;

/**
 * Reads values of a target's tables over a connection of its own, a short read-only transaction a query, so that
 * no lock and no snapshot is held for long. Throws as connectTarget.
 */
export async function sampleTarget(address: TargetAddress, options: SampleOptions): Promise<SampleReport> {
  const target = await connectTarget(address, settings);
  try {
    return await new Sampling(address, target, options).run();
  } finally {
    target.close();
  }
}

class Sampling {
  private readonly skipped: { table: string; reason: string }[] = [];
  private read = 0;

  constructor(
    private readonly address: TargetAddress,
    private readonly target: Target,
    private readonly options: SampleOptions,
  ) {}

  async run(): Promise<SampleReport> {
    const all = await this.tables();
    const some = all.slice(0, this.options.tables);
    for (const table of some) {
      if (this.options.signal.aborted) return this.report(true);
      await this.table(table);
    }
    return this.report(some.length < all.length);
  }

  private report(cut: boolean): SampleReport {
    return { tables: this.read, skipped: this.skipped, cut };
  }

  private async tables(): Promise<SampledTable[]> {
    const rows = await this.ask(tablesQuery).catch((error: unknown) => {
      throw this.explained(error);
    });
    const all = rows.map(([schema, name, count, columns]) => ({
      ...{ schema: schema!, name: name!, count: Number(count) },
      columns: JSON.parse(columns!) as SampledTable['columns'],
    }));
    return all.filter(({ schema, name }) => this.options.wanted(schema, name));
  }

  private async table(table: SampledTable): Promise<void> {
    try {
      for (const part of partsOf(table, this.options.rows)) {
        if (this.options.signal.aborted) return;
        const readable = part.filter(({ how }) => how !== 'none');
        const rows = readable.length === 0 ? [] : await this.values(table, readable);
        for (const column of part) {
          const values = rows.map((row) => row[readable.indexOf(column)]);
          this.options.onColumn(
            { ...column, schema: table.schema, table: table.name },
            bytesOf(column, values),
          );
          await breathe();
        }
      }
      this.read++;
    } catch (error) {
      if (!(error instanceof TargetError)) throw this.explained(error);
      this.skipped.push({ table: `${table.schema}.${table.name}`, reason: reasonOf(error) });
    }
  }

  /** A sample of pages where there are many; a table whose chosen pages were empty is read from its start. */
  private async values(table: SampledTable, columns: SampledTable['columns']): Promise<Row[]> {
    const { rows } = this.options;
    const sampled = valuesQuery(table, columns, rows, true);
    const fromStart = valuesQuery(table, columns, rows, false);
    const found = await this.ask(sampled);
    return found.length > 0 || sampled === fromStart ? found : this.ask(fromStart);
  }

  private async ask(query: string): Promise<Row[]> {
    const silence = setTimeout(() => this.target.stream.destroy(), SILENCE);
    try {
      await this.target.query(`begin read only; set local lock_timeout = '1s'`);
      return await this.target.query(query);
    } finally {
      if (!this.target.stream.destroyed) await this.target.query('rollback').catch(() => undefined);
      clearTimeout(silence);
    }
  }

  private explained(error: unknown): AppError {
    if (isAppError(error)) return error;
    if (!(error instanceof TargetError)) return unreachable(this.address, error);
    const message = `the target of connection "${this.address.name}" does not list its tables`;
    return new AppError('TARGET_REFUSED', message, { cause: error });
  }
}

/** What is not NULL; an array comes with an element a line. */
function bytesOf(
  { how }: { readonly how: string },
  values: readonly (string | null | undefined)[],
): Buffer[] {
  const texts = values.filter((value) => value !== null && value !== undefined);
  return (how === 'array' ? texts.flatMap((text) => text.split('\n')) : texts).map((text) =>
    Buffer.from(text),
  );
}

/** The server's words may hold values of its own: only what the code means is told. */
function reasonOf({ code }: TargetError): string {
  const known: Readonly<Record<string, string>> = {
    '42501': 'permission denied',
    '55P03': 'locked by another session',
    '57014': 'took longer than 5 s',
    '42P01': 'gone meanwhile',
  };
  return known[code] ?? `the target refused it (${code})`;
}
