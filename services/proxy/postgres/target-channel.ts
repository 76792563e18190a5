import type { Duplex } from 'node:stream';
import { ExactReader, violation } from '#wire';
import { backend, frontend, message, readDataRow, readParameterStatus, readReport } from './codec.js';

/** An answer to one of our own queries: text values. */
export type Row = readonly (string | null)[];

/** The target said no to a query of our own. Its text is for the operator's log, never for a client. */
export class TargetError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'TargetError';
  }
}

/** Our own queries are small; a target that says more is not understood. */
const MAX_MESSAGE = 16 * 1024 * 1024;
const MAX_ROWS_BYTES = 256 * 1024 * 1024;
/** PostgreSQL reports some fifteen settings; a flood of names of its own would stay in memory. */
const MAX_PARAMETERS = 200;

/** Messages to and from a target, one at a time: for the login and for our own queries, not for the hot path. */
export class TargetChannel {
  private readonly reader: ExactReader;

  constructor(
    readonly stream: Duplex,
    signal?: AbortSignal,
    /** What the server reports of its settings; kept up to date. */
    readonly parameters: Map<string, string> = new Map(),
  ) {
    this.reader = new ExactReader(stream, signal);
  }

  /** The next message, whole. */
  async next(maxLength = MAX_MESSAGE): Promise<Buffer> {
    const header = await this.reader.read(5);
    const length = header.readInt32BE(1);
    if (length < 4 || length > maxLength) throw violation('the target sent a message of a false length');
    const body = this.reader.poll(length - 4) ?? (await this.reader.read(length - 4));
    return Buffer.concat([header, body], length + 1);
  }

  /** Runs a simple query and returns the rows of all its statements. Throws TargetError, ConnectionClosed. */
  query(text: string): Promise<Row[]> {
    return this.exchange(message(frontend.query, text));
  }

  /** Sends what ends with a Query or a Sync, and returns the rows of all its answers. Throws as `query`. */
  async exchange(request: Buffer): Promise<Row[]> {
    this.stream.write(request);
    const rows: Row[] = [];
    let bytes = 0;
    let failure: TargetError | undefined;
    for (;;) {
      const answer = await this.next();
      const type = answer[0];
      if (type === backend.readyForQuery) break;
      // Notices count too: they would keep us here for ever.
      bytes += answer.length;
      if (bytes > MAX_ROWS_BYTES) throw violation('the target sent more than was asked for');
      if (type === backend.dataRow) {
        rows.push(readDataRow(answer).map((value) => value && value.toString('utf8')));
      } else if (type === backend.errorResponse) failure ??= targetError(answer);
      else if (type === backend.parameterStatus) this.noteParameter(answer);
    }
    if (failure !== undefined) throw failure;
    return rows;
  }

  noteParameter(answer: Buffer): void {
    const { name, value } = readParameterStatus(answer);
    if (this.parameters.size >= MAX_PARAMETERS && !this.parameters.has(name))
      throw violation('the target reports more settings than there are');
    this.parameters.set(name, value);
  }

  release(): void {
    this.reader.release();
  }
}

export function targetError(answer: Buffer): TargetError {
  const report = readReport(answer);
  return new TargetError(report.get('C') ?? '', report.get('M') ?? '');
}
