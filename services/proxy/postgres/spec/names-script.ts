import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { MessageScanner } from '#wire';
import { byte, frontend as type, int16, message, readDataRow, readReport } from '../codec.js';
import type { CatalogSource } from '../catalog.js';
import { PostgresSession } from '../session.js';
import type { Target } from '../target.js';
import { NamingGate } from './naming-gate.js';
import { Estimates } from '../estimates.js';

/** What a client sends next, and how many turns of the event loop it waits before. */
export interface Line {
  readonly bytes: Buffer;
  readonly shown: string;
  readonly turns: number;
}

const sync = message(type.sync);
let values = 0;

const series = 'generate_series(1, 3)';

/** A value that no other statement returns; some fail as they run, or as they are parsed. */
const select = fc
  .constantFrom(...Array.from({ length: 14 }, () => series), 'generate_series(1, 3 / 0)', 'nowhere')
  .map((from) => () => `SELECT 'v${++values}' AS v FROM ${from}`);
// Few names, used over and over: else nothing ever meets.
const statement = fc.constantFrom('s', 's', 's', 't');
const portal = fc.constantFrom('p', 'p', 'p', 'q');

const sql = fc.oneof(
  { weight: 12, arbitrary: select },
  { weight: 3, arbitrary: fc.tuple(statement, select).map(([name, inner]) => () => `PREPARE ${name} AS ${inner()}`) },
  { weight: 4, arbitrary: statement.map((name) => () => `EXECUTE ${name}`) },
  { weight: 2, arbitrary: fc.constantFrom('s', 't', 'ALL').map((name) => () => `DEALLOCATE ${name}`) },
  { weight: 3, arbitrary: fc.tuple(portal, fc.boolean(), select).map(([name, holds, inner]) => () => `DECLARE ${name} CURSOR${holds ? ' WITH HOLD' : ''} FOR ${inner()}`) },
  { weight: 4, arbitrary: fc.tuple(portal, fc.constantFrom(1, 2, 9)).map(([name, rows]) => () => `FETCH ${rows} ${name}`) },
  { weight: 1, arbitrary: fc.constantFrom('p', 'q', 'ALL').map((name) => () => `CLOSE ${name}`) },
  { weight: 1, arbitrary: fc.constant(() => 'DISCARD ALL') },
  { weight: 6, arbitrary: fc.constantFrom('BEGIN', 'COMMIT', 'ROLLBACK', 'ROLLBACK', 'SAVEPOINT a', 'ROLLBACK TO a').map((text) => () => text) },
); // prettier-ignore

const name = fc.constantFrom('', 's', 's', 's', 't');
const portalName = fc.constantFrom('', '', 'p', 'p', 'q');
const letter = (what: 'S' | 'P') => byte(what.charCodeAt(0));

type Made = () => readonly [bytes: Buffer, shown: string];
const made = (code: number, shown: string, ...parts: (Buffer | string | number)[]): Made => () => [
  message(code, ...parts),
  shown,
]; // prettier-ignore

const parse = fc.tuple(name, sql).map(([to, text]): Made => () => {
  const written = text();
  return [message(type.parse, to, written, int16(0)), `Parse "${to}" ${written}`];
});
const bind = fc
  .tuple(portalName, name)
  .map(([to, from]) =>
    made(type.bind, `Bind "${to}" from "${from}"`, to, from, int16(0), int16(0), int16(0)),
  );
const execute = fc
  .tuple(portalName, fc.constantFrom(0, 0, 2))
  .map(([of, rows]) => made(type.execute, `Execute "${of}" ${rows}`, of, rows));
const query = fc
  .oneof(fc.array(sql, { minLength: 1, maxLength: 1 }), fc.array(sql, { maxLength: 3 }))
  .map((texts): Made => () => {
    const text = texts.map((each) => each()).join('; ');
    return [message(type.query, text), `Query ${text}`];
  });

/** Its old name goes first, so that it does not fail. */
const parseAnew = fc.tuple(name, sql).map(([to, text]): Made => () => {
  const written = text();
  const bytes = [message(type.close, letter('S'), to), message(type.parse, to, written, int16(0))];
  return [Buffer.concat(bytes), `Close, Parse "${to}" ${written}`];
});
const run = fc
  .tuple(portalName, name, fc.constantFrom(sync, Buffer.alloc(0)))
  .map(([to, from, end]): Made => () => {
    const bytes = [
      message(type.close, letter('P'), to),
      message(type.bind, to, from, int16(0), int16(0), int16(0)),
      message(type.execute, to, 0),
      end,
    ];
    return [
      Buffer.concat(bytes),
      `Close, Bind, Execute "${to}" from "${from}"${end.length > 0 ? ', Sync' : ''}`,
    ];
  });

const one = fc.oneof(
  { weight: 8, arbitrary: parseAnew },
  { weight: 12, arbitrary: run },
  { weight: 4, arbitrary: parse },
  { weight: 6, arbitrary: bind },
  { weight: 6, arbitrary: execute },
  { weight: 2, arbitrary: portalName.map((of) => made(type.describe, `Describe portal "${of}"`, letter('P'), of)) },
  { weight: 1, arbitrary: name.map((of) => made(type.describe, `Describe statement "${of}"`, letter('S'), of)) },
  { weight: 2, arbitrary: name.map((of) => made(type.close, `Close statement "${of}"`, letter('S'), of)) },
  { weight: 1, arbitrary: portalName.map((of) => made(type.close, `Close portal "${of}"`, letter('P'), of)) },
  { weight: 14, arbitrary: fc.constant(made(type.sync, 'Sync')) },
  // A failed transaction runs nothing more that could tell.
  { weight: 5, arbitrary: fc.constant(made(type.query, 'Query ROLLBACK', 'ROLLBACK')) },
  { weight: 2, arbitrary: fc.constant(made(type.flush, 'Flush')) },
  { weight: 7, arbitrary: query },
); // prettier-ignore

const lines = (maxLength: number) =>
  fc.array(
    fc.tuple(one, fc.constantFrom(0, 0, 0, 0, 1, 3, 9)).map(([make, turns]) => line(make, turns)),
    { minLength: 2, maxLength },
  );

function line(make: Made, turns = 0): Line {
  const [bytes, shown] = make();
  const named = { bytes, shown, turns, toString: () => `${turns > 0 ? `… ` : ''}${shown}` };
  return named;
}

export const scripts = (maxLength: number): fc.Arbitrary<Line[]> =>
  fc.tuple(fc.boolean(), lines(maxLength)).map(([begins, rest]) => [...prelude(begins), ...rest]);

/** Something to begin with, and in half of the scripts a transaction, where portals live longer. */
function prelude(begins: boolean): Line[] {
  const parses = ['s', 't'].map((to) => {
    const text = `SELECT 'v${++values}' AS v FROM ${series}`;
    return line(made(type.parse, `Parse "${to}" ${text}`, to, text, int16(0)));
  });
  const begin = begins ? [line(made(type.query, 'Query BEGIN', 'BEGIN'))] : [];
  return [...begin, ...parses, line(made(type.sync, 'Sync'))];
}

/** By hand: what a client sends, each after what came before was answered. */
export const written = {
  query: (text: string) => slow(made(type.query, `Query ${text}`, text)),
  parse: (to: string, text: string) => slow(made(type.parse, `Parse "${to}" ${text}`, to, text, int16(0))),
  bind: (to: string, from: string) =>
    slow(made(type.bind, `Bind "${to}" from "${from}"`, to, from, int16(0), int16(0), int16(0))),
  execute: (of: string) => slow(made(type.execute, `Execute "${of}"`, of, 0)),
  closeStatement: (of: string) => slow(made(type.close, `Close statement "${of}"`, letter('S'), of)),
  sync: () => slow(made(type.sync, 'Sync')),
};

function slow(make: Made): Line {
  return line(make, 12);
}

/** What a client sees of its answers: their kinds, and what tells one from another. */
export class Client extends Duplex {
  readonly seen: string[] = [];
  private readonly scanner = new MessageScanner({ maxLength: 1 << 20 });

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.hear(chunk);
    done();
  }

  hear(chunk: Buffer): void {
    this.scanner.push(Buffer.from(chunk), (code, buffer, start, end) => {
      this.seen.push(shown(code, buffer.subarray(start, end)));
    });
  }
}

function shown(code: number, bytes: Buffer): string {
  const kind = String.fromCharCode(code);
  if (kind === 'E') return `E ${readReport(bytes).get('C')}`;
  if (kind === 'D') return `D ${readDataRow(bytes).join('|')}`;
  return kind === 'C' || kind === 'Z' ? `${kind} ${bytes.toString('latin1', 5).replace('\0', '')}` : kind;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const tail = Buffer.concat([
  message(type.sync),
  message(type.query, 'ROLLBACK'),
  message(type.query, "SELECT 'end' AS v FROM generate_series(1, 3)"),
]);

/** Plays a script; resolves once its end was answered. */
async function play(script: readonly Line[], client: Client, send: (bytes: Buffer) => void): Promise<void> {
  let pending: Buffer[] = [];
  for (const { bytes, turns } of script) {
    if (turns > 0 && pending.length > 0) {
      send(Buffer.concat(pending));
      pending = [];
    }
    for (let i = 0; i < turns; i++) await turn();
    pending.push(bytes);
  }
  send(Buffer.concat([...pending, tail]));
  const end = Date.now() + 2_000;
  while (!(client.seen.at(-1)?.startsWith('Z') && client.seen.includes('D end'))) {
    if (Date.now() > end) throw new Error(`not answered: ${client.seen.join(', ')}`);
    await turn();
  }
}

/**
 * Throws where a client sees by way of the gate what the server itself would not have said. From a refusal of the gate's
 * own on (42501) they go apart: of a name that is not there, which the server refuses too, or of one that hides what it
 * does. Returns how many answers were compared.
 */
export function compare(script: readonly Line[], seen: readonly string[], direct: readonly string[]): number {
  const refused = seen.indexOf('E 42501');
  const same = refused < 0 ? seen.length : refused;
  const isSame = seen.slice(0, same).every((each, i) => each === direct[i] || isRemains(each, direct, i));
  const hides = script.some(({ shown: text }) => /Parse "\w*" (?!SELECT)/.test(text));
  // A query string is refused as a whole.
  const then = direct.slice(
    same,
    direct.findIndex((each, i) => i >= same && each.startsWith('Z')),
  );
  const isDue = refused < 0 ? direct.length === same : hides || then.some((each) => each.startsWith('E'));
  if (!isSame || !isDue) throw new Error(`seen ${seen.join(', ')}\ndirectly ${direct.join(', ')}`);
  return same;
}

/**
 * Of a query string that failed within a transaction the server keeps a portal of no name until that is rolled back; nothing can
 * come of it any more. The gate says at once that there is none.
 */
function isRemains(seen: string, direct: readonly string[], at: number): boolean {
  const isOver = direct.slice(0, at).findLast((each) => each.startsWith('Z')) === 'Z E';
  return isOver && seen === 'E 34000' && ['n', 'E 25P02'].includes(direct[at] ?? '');
}

/** What a client sees that speaks with the server itself. */
export async function directly(script: readonly Line[], server: Duplex): Promise<readonly string[]> {
  const client = new Client();
  const hear = (chunk: Buffer) => client.hear(chunk);
  server.on('data', hear);
  await play(script, client, (bytes) => server.write(bytes));
  server.off('data', hear);
  return client.seen;
}

const catalog = {
  key: {},
  namespace: () => catalog,
  columnMask: () => 'none',
  baseType: (oid: number) => oid,
  isEnum: () => false,
  isCatalogName: () => false,
};

/** The same through a session that judges every name. */
export async function throughGate(
  script: readonly Line[],
  server: Duplex,
): Promise<{ seen: readonly string[]; gate: NamingGate }> {
  const client = new Client();
  const gate = new NamingGate();
  const session = new PostgresSession({
    client,
    gate: gate.session,
    target: { stream: server, cancel: () => Promise.resolve() } as unknown as Target,
    catalog: {
      current: () => catalog,
      refresh: () => Promise.resolve(catalog),
      doubt: () => undefined,
    } as unknown as CatalogSource,
    limits: { recordBytes: 1 << 20, settings: '' },
    estimates: new Estimates(),
    log: (error) =>
      client.seen.push(`failed: ${error.message} ${String((error.cause as Error | undefined)?.stack)}`),
  });
  void session.run();
  await play(script, client, (bytes) => client.push(bytes));
  client.destroy();
  return { seen: client.seen, gate };
}
