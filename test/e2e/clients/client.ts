import type { Stage } from '../stage.js';

export const situations = [
  'masked read',
  'alias',
  'select *',
  'join',
  'view',
  'cursor',
  'COPY out',
  'refused DROP',
  'refused DROP in a transaction',
  'refused DROP in a query string',
  'refused DROP in a pipeline',
  'held, approved',
  'held, denied',
  'held in a transaction',
  'cancelled while held',
  'client gone while held',
  'cancelled pg_sleep',
  'row budget',
  'row budget of a cursor',
  '100 sessions',
] as const;
export type Situation = (typeof situations)[number];

export interface Said {
  /** Everything that it showed, errors included. */
  readonly text: string;
}

export interface Running {
  /** Resolves when the client has done all it could; a refused statement is no rejection. */
  readonly done: Promise<Said>;
  /** Takes the client away, as a crash would. */
  vanish(): void;
  /** Absent: this client has no cancel. */
  cancel?(): Promise<void>;
}

/** One of the clients that people use, driven in its own manner. */
export interface SqlClient {
  readonly name: string;
  /** The format that it asks results in. */
  readonly format: 'text' | 'binary';
  /** What this client can't do, and why; the table says so. */
  readonly cannot: Partial<Record<Situation, string>>;
  /** All in one session, one statement after the other; it goes on behind an error where the client does. */
  start(stage: Stage, statements: readonly string[]): Promise<Running>;
  /** Several statements as one, to be given to `start`. */
  readonly separator: string;
  /** All before one Sync. */
  pipeline(stage: Stage, statements: readonly string[]): Promise<Said>;
  /** COPY … TO STDOUT. */
  copyOut(stage: Stage, statement: string): Promise<Said>;
  /** `count` sessions that are all open while each runs `statement`. */
  crowd(stage: Stage, count: number, statement: string): Promise<void>;
}

export async function runAll(client: SqlClient, stage: Stage, ...statements: string[]): Promise<Said> {
  return (await client.start(stage, statements)).done;
}

/** For the member that a client's `cannot` keeps from being called. */
export function unsupported(client: string, what: string): never {
  throw new Error(`${client} has no ${what}`);
}
