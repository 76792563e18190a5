import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAuditStore, type ClickHouseClient } from '#audit-store';

/** Who may connect, with the password; `reader` has the rights of an auditor and no more. */
export const users: Readonly<Record<string, string>> = { weir: 'correct horse', reader: 'battery staple' };

/**
 * A stand-in for a ClickHouse server, where none can be had: as much of its HTTP interface as `@clickhouse/client` uses.
 * Each query and insert goes to an embedded engine in this process, so the engine is real and the server is not: no
 * replicas, no Keeper, no users.xml of its own. It can be away and come back on the same port; what it has stays.
 */
export class ClickHouseStandIn {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-clickhouse-'));
  readonly #sessions = new Map<string, Promise<ClickHouseClient>>();
  readonly #keeper: ClickHouseClient;
  /** The head of every statement that came. */
  readonly statements: string[] = [];
  /** Answers with this instead, while it is set. */
  refusal: { readonly code: number; readonly name: string } | undefined;
  #server: Server | undefined;
  #port = 0;

  constructor() {
    this.#keeper = connectAuditStore({ kind: 'embedded', path: this.#folder });
  }

  static async start(): Promise<ClickHouseStandIn> {
    const standIn = new ClickHouseStandIn();
    await standIn.open();
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    this.#server = createServer((request, response) => void this.#handle(request, response));
    await new Promise<void>((done) => this.#server?.listen(this.#port, '127.0.0.1', done));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** As when the server is killed: nobody gets an answer any more; what was begun may be stored or not. */
  async away(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((done) => server?.close(done));
  }

  async dispose(): Promise<void> {
    await this.away();
    const sessions = await Promise.all(this.#sessions.values());
    await Promise.all([...sessions, this.#keeper].map((session) => session.close()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const search = new URL(request.url ?? '/', this.url).searchParams;
      if (request.url === '/ping') return void response.end('Ok.\n');
      const user = userOf(request);
      const body = await bytesOf(request);
      const named = search.get('query') ?? '';
      const binary = named.endsWith('FORMAT Native');
      const query = binary ? named : [named, body.toString()].filter((part) => part !== '').join('\n');
      this.statements.push(query.slice(0, 200));
      if (this.refusal) throw new Refusal(this.refusal.code, this.refusal.name);
      response.end(await this.#run(user, query, search, binary ? body : undefined));
    } catch (error) {
      const {
        code = '0',
        type = 'UNKNOWN',
        message,
      } = error as { code?: string; type?: string; message: string };
      response.statusCode = 500;
      response.setHeader('x-clickhouse-exception-code', code);
      response.end(`Code: ${code}. DB::Exception: ${message}. (${type}) (version 0.0.0.0)\n`);
    }
  }

  async #run(user: string, query: string, search: URLSearchParams, values?: Buffer): Promise<Buffer> {
    const given = [...search].filter(([name]) => !ownNames.has(name));
    const parameters = given.filter(([name]) => name.startsWith('param_'));
    const settings = given.filter(([name]) => !name.startsWith('param_'));
    const session = await this.#session(user, search.get('database') ?? 'default', settings);
    const sets = parameters.map(([name, value]) => `SET ${name} = ${quoted(value)}; `).join('');
    const format = search.get('default_format');
    const { stream } = await session.exec({
      query: sets + query,
      ...(values && { values: Readable.from([values], { objectMode: false }) }),
      clickhouse_settings: { default_format: format ?? 'TabSeparated' } as Record<string, string>,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
    return Buffer.concat(chunks);
  }

  /** A SET outlives its query in the engine, unlike on a server: whoever has other settings has another session. */
  #session(user: string, database: string, settings: [string, string][]): Promise<ClickHouseClient> {
    const key = JSON.stringify([user, database, settings]);
    const session = this.#sessions.get(key) ?? this.#newSession(user, database, settings);
    this.#sessions.set(key, session);
    return session;
  }

  async #newSession(user: string, database: string, settings: [string, string][]): Promise<ClickHouseClient> {
    const session = connectAuditStore({ kind: 'embedded', path: this.#folder });
    if (user === 'reader') await session.command({ query: 'SET ROLE NONE' });
    if (database !== 'default') await session.command({ query: `USE ${database}` });
    const last = settings.filter(([name]) => name === 'readonly');
    for (const [name, value] of [...settings.filter((each) => !last.includes(each)), ...last])
      await session.command({ query: `SET ${name} = ${quoted(value)}` });
    return session;
  }
}

/** Of the interface, not of the engine. */
const ownNames = new Set([
  ...['query', 'query_id', 'database', 'default_format', 'enable_http_compression', 'wait_end_of_query'],
  ...['send_progress_in_http_headers', 'http_headers_progress_interval_ms'],
  'cancel_http_readonly_queries_on_client_close',
]);

class Refusal extends Error {
  readonly code: string;

  constructor(
    code: number,
    readonly type: string,
  ) {
    super('refused');
    this.code = String(code);
  }
}

function userOf({ headers }: IncomingMessage): string {
  const [, given = ''] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? [];
  const [user = '', password = ''] = Buffer.from(given, 'base64').toString('utf8').split(/:(.*)/);
  if (users[user] === undefined || users[user] !== password) throw new Refusal(516, 'AUTHENTICATION_FAILED');
  return user;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
