/*
 * A session's events (`GET /sessions/:id/events`, protobuf JSON: what is empty is left out) as what a page shows.
 * Nothing is trusted to be there: a line of a later version shows what it has in common.
 */

type Json = Readonly<Record<string, unknown>>;

export interface Result {
  readonly columns: readonly { readonly name: string; readonly mask: string; readonly class: string }[];
  /** null is NULL. */
  readonly rows: readonly (readonly Value[])[];
  readonly total: number;
}

export interface Value {
  readonly text: string | null;
  /** The length in bytes of what was sent, where the record cut it. */
  readonly cutFrom: number;
}

export interface ReplayStatement {
  readonly kind: 'statement';
  readonly id: string;
  readonly number: number;
  readonly time: string;
  readonly text: string;
  readonly decision: string;
  readonly reason: string;
  readonly policyIds: readonly string[];
  readonly approvalId: string;
  readonly parameters: readonly { readonly value: string | null; readonly note: string }[];
  readonly hold?: {
    readonly outcome: string;
    readonly decidedBy: readonly string[];
    readonly waitedUs: number;
  };
  readonly outcome?: {
    readonly status: string;
    readonly commandTag: string;
    readonly sqlstate: string;
    readonly message: string;
    readonly rows: number;
    readonly bytes: number;
    readonly durationUs: number;
    readonly masked: readonly (readonly [string, number])[];
    readonly recordingCut: boolean;
  };
  readonly result?: Result;
}

export interface ReplayNote {
  readonly kind: 'note';
  readonly id: string;
  readonly time: string;
  readonly title: string;
  readonly text: string;
  readonly sql: string;
}

export interface ReplayEnd {
  readonly kind: 'end';
  readonly id: string;
  readonly time: string;
  readonly reason: string;
}

export type ReplayEntry = ReplayStatement | ReplayNote | ReplayEnd;

/** Rows of one result that a page keeps: more are in the record, and `./weir replay --rows all` shows them. */
export const mostRows = 500;

/** Takes events in their order; entries are in the order in which they began. */
export class Replay {
  readonly #entries = new Map<string, ReplayEntry>();
  #statements = 0;
  #taken = 0;

  get entries(): ReplayEntry[] {
    return [...this.#entries.values()];
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Events so far. */
  get taken(): number {
    return this.#taken;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  take(line: Json): void {
    this.#taken++;
    const type = text(line['type']).replace(/^.*\./, '');
    readers[type]?.(this, line);
  }

  begin(entry: ReplayEntry): void {
    this.#entries.set(entry.id, entry);
  }

  nextNumber(): number {
    return ++this.#statements;
  }

  change(id: string, change: (known: ReplayStatement) => Partial<ReplayStatement>): void {
    const known = this.#entries.get(id);
    if (known?.kind === 'statement') this.#entries.set(id, { ...known, ...change(known) });
  }
}

const readers: Readonly<Record<string, (replay: Replay, line: Json) => void>> = {
  SessionStarted: (replay, line) =>
    replay.begin(
      note(line, 'Connected', [
        text(line['sourceAddress']),
        text(line['clientProgram']),
        line['clientTls'] === true ? 'TLS' : 'no TLS',
      ]),
    ),
  StatementPrepared: (replay, line) =>
    replay.begin({
      ...note(line, `Prepared ${text(line['name']) || 'without a name'}`, []),
      sql: text(line['text']),
    }),
  StatementReceived: (replay, line) => replay.begin(received(line, replay.nextNumber())),
  HoldResolved: (replay, line) =>
    replay.change(text(line['statementId']), () => ({
      hold: {
        outcome: text(line['outcome']),
        decidedBy: list(line['decidedBy']).map(text),
        waitedUs: number(line['waitedUs']),
      },
    })),
  ResultChunk: (replay, line) =>
    replay.change(text(line['statementId']), ({ result }) => ({ result: joined(result, line) })),
  StatementOutcome: (replay, line) =>
    replay.change(text(line['statementId']), ({ result }) => ({
      outcome: outcomeOf(line),
      ...(isJson(line['result']) ? { result: joined(result, line['result']) } : {}),
    })),
  SessionEnded: (replay, line) =>
    replay.begin({ kind: 'end', id: eventId(line), time: text(line['time']), reason: text(line['reason']) }),
};

function eventId(line: Json): string {
  return `event-${number(line['seq'])}`;
}

function note(line: Json, title: string, parts: readonly string[]): ReplayNote {
  const words = parts.filter((part) => part !== '').join(', ');
  return {
    kind: 'note',
    id: eventId(line),
    time: text(line['time']),
    title,
    text: words,
    sql: '',
  };
}

function received(line: Json, number_: number): ReplayStatement {
  return {
    kind: 'statement',
    id: text(line['statementId']),
    number: number_,
    time: text(line['time']),
    text: text(line['text']),
    decision: text(line['decision']),
    reason: text(line['reason']),
    policyIds: list(line['policyIds']).map(text),
    approvalId: text(line['approvalId']),
    parameters: list(line['parameters'])
      .filter(isJson)
      .map((each) => ({
        value: each['null'] === true ? null : text(each['value']),
        note: text(each['note']),
      })),
  };
}

function outcomeOf(line: Json): NonNullable<ReplayStatement['outcome']> {
  const masked = isJson(line['masked']) ? Object.entries(line['masked']) : [];
  return {
    status: text(line['status']),
    commandTag: text(line['commandTag']),
    sqlstate: text(line['sqlstate']),
    message: text(line['message']),
    rows: number(line['rows']),
    bytes: number(line['bytes']),
    durationUs: number(line['durationUs']),
    masked: masked.map(([name, values]) => [name, number(values)] as const),
    recordingCut: line['recordingCut'] === true,
  };
}

/** A chunk added to what came of its result; only the first of a result names columns. */
function joined(known: Result | undefined, chunk: Json): Result {
  const columns = list(chunk['columns'])
    .filter(isJson)
    .map((column) => ({
      name: text(column['name']),
      mask: text(column['mask']),
      class: text(column['class']),
    }));
  const rows = list(chunk['rows']).filter(isJson);
  const before = known ?? { columns: [], rows: [], total: 0 };
  const kept = rows
    .slice(0, Math.max(0, mostRows - before.rows.length))
    .map((row) => list(row['values']).filter(isJson).map(valueOf));
  return {
    columns: columns.length > 0 ? columns : before.columns,
    rows: [...before.rows, ...kept],
    total: before.total + (number(chunk['rowCount']) || rows.length),
  };
}

function valueOf(value: Json): Value {
  const shown = value['text'];
  return { text: typeof shown === 'string' ? shown : null, cutFrom: number(value['cutFrom']) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** 64-bit numbers come as strings. */
function number(value: unknown): number {
  const parsed = typeof value === 'string' || typeof value === 'number' ? Number(value) : 0;
  return Number.isFinite(parsed) ? parsed : 0;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
