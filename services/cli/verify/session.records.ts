import { CliError, exit } from '../exit-codes.js';
import { textOf, type SessionRecord, type StoredRow } from './stored.rows.js';

interface Line {
  readonly summary?: StoredRow;
  readonly session?: StoredRow;
  readonly statement?: StoredRow;
  readonly deadLetter?: StoredRow;
  readonly expired?: StoredRow;
  readonly event?: StoredRow;
  readonly control?: StoredRow;
  /** The session is whole. */
  readonly end?: string;
}

/** Sessions one by one, from the lines that the gate sends. Throws where the answer breaks off. */
export async function* sessionRecords(lines: AsyncIterable<string>): AsyncGenerator<SessionRecord> {
  let open = emptyRecord();
  for await (const text of whole(lines)) {
    const { summary, session, statement, deadLetter, expired, event, end } = JSON.parse(text) as Line;
    if (summary) open.summary = summary;
    if (session) open.view = session;
    if (statement) open.statements.push(statement);
    if (deadLetter) open.deadLetters.push(deadLetter);
    if (expired) open.expired.push(expired);
    if (event) open.events.push(event);
    if (end === undefined) continue;
    yield { session: end, ...open };
    open = emptyRecord();
  }
  if (open.events.length + open.statements.length + open.expired.length > 0)
    throw brokeOff('in the middle of a session');
}

export type ControlRecord = Pick<Line, 'control' | 'deadLetter'>;

/** Events of other topics, by their places in the log, then what could not be read. */
export async function* controlRecords(lines: AsyncIterable<string>): AsyncGenerator<ControlRecord> {
  for await (const text of whole(lines)) yield JSON.parse(text) as ControlRecord;
}

export const placeOf = (row: StoredRow): string =>
  `${textOf(row, 'topic')}/${textOf(row, 'partition')} offset ${textOf(row, 'offset')}`;

/** What the gate could not send must not look like a record that ends there. */
async function* whole(lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    throw error instanceof CliError ? error : brokeOff((error as Error).message);
  }
}

const brokeOff = (why: string): CliError =>
  new CliError(exit.failed, `the gate's answer broke off (${why}): nothing is said of what was to come`);

const emptyRecord = () => ({
  events: [] as StoredRow[],
  deadLetters: [] as StoredRow[],
  expired: [] as StoredRow[],
  statements: [] as StoredRow[],
  summary: undefined as StoredRow | undefined,
  view: undefined as StoredRow | undefined,
});
