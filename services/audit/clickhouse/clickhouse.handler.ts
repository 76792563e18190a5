import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '#kernel';
import { Counts, type CallerIdentity } from '#platform';
import type { QuerySummary } from '../sql/query.bytes.js';
import { sqlRoles } from '../sql/sql.roles.js';
import type { SqlAnswer, SqlRunner } from '../sql/sql.runner.js';
import { encodingFor, sendBody } from './answer.js';
import type { Catalog } from './catalog.js';
import { tokenOf } from './credentials.js';
import { badArgument, exceptionOf, ProtocolException, textOf } from './exception.js';
import { contentTypeOf } from './formats.js';
import { helloBlock } from './hello.native.js';
import { helloQuery, rewrite } from './query.rewrite.js';
import { readBody } from './request.body.js';
import { readRequest, type QueryRequest } from './request.js';
import { RunningQueries } from './running.queries.js';

export interface HandlerOptions {
  readonly runner: Pick<SqlRunner, 'answer'>;
  readonly catalog: Catalog;
  readonly callerOf: (token: string) => Promise<CallerIdentity>;
  /** Told of what nobody foresaw. */
  readonly onInternal: (error: unknown) => void;
}

const mostOfOne = 8;
const mostOfAll = 24;

/** Answers as ClickHouse's HTTP interface does; what may be read, and how, is the same as for `POST /api/sql`. */
export class ClickHouseHandler {
  readonly #running = new RunningQueries(mostOfOne, mostOfAll);

  constructor(private readonly options: HandlerOptions) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-clickhouse-server-display-name', 'weirkeeper');
    response.setHeader('x-clickhouse-timezone', 'UTC');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    try {
      await this.#route(request, response);
    } catch (error) {
      await this.#refuse(response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = `http://host${request.url ?? ''}`;
    if (!URL.canParse(target)) throw badArgument('the address cannot be read');
    const url = new URL(target);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && (statusPaths.has(url.pathname) || request.url === '/')) {
      response.setHeader('content-type', 'text/html; charset=UTF-8');
      return sendBody(response, Buffer.from('Ok.\n'));
    }
    if (url.pathname !== '/')
      throw new ProtocolException(1000, 'POCO_EXCEPTION', 404, 'There is no such path');
    if (request.method !== 'GET' && request.method !== 'POST') {
      response.setHeader('allow', 'GET, POST');
      throw new ProtocolException(1000, 'POCO_EXCEPTION', 405, 'The method is GET or POST');
    }
    await this.#answerQuery(request, response, url.searchParams);
  }

  async #answerQuery(
    request: IncomingMessage,
    response: ServerResponse,
    search: URLSearchParams,
  ): Promise<void> {
    const caller = await this.#identify(request, search);
    const asked = readRequest(search, request.headers);
    response.setHeader('x-clickhouse-query-id', asked.queryId);
    const end = this.#running.begin(caller.principal.id);
    try {
      const query = [asked.query, await readBody(request)].filter((part) => part !== '').join('\n');
      const answer = await this.#run(query, asked, goneOf(response));
      response.setHeader('content-type', contentTypeOf(answer.format));
      response.setHeader('x-clickhouse-format', answer.format);
      response.setHeader('x-clickhouse-summary', JSON.stringify(summaryOf(answer.summary)));
      answered.value++;
      await sendBody(response, answer.bytes, asked.mayCompress ? encodingFor(request) : undefined);
    } finally {
      end();
    }
  }

  async #identify(request: IncomingMessage, search: URLSearchParams): Promise<CallerIdentity> {
    const caller = await this.options.callerOf(tokenOf(request.headers, search));
    if (sqlRoles.some((role) => caller.roles.has(role))) return caller;
    throw new AppError('FORBIDDEN', `this needs the role ${sqlRoles.join(' or ')}`);
  }

  async #run(query: string, asked: QueryRequest, gone: AbortSignal): Promise<SqlAnswer> {
    if (query.trim() === '') throw new ProtocolException(62, 'SYNTAX_ERROR', 400, 'Empty query');
    const { catalog, runner } = this.options;
    if (query.trim() === helloQuery && asked.format === 'Native' && asked.protocolVersion >= customColumns)
      return { bytes: helloBlock(catalog.version), format: 'Native', summary: undefined };
    const { timeLimit, limit } = asked.settings;
    return runner.answer({
      query,
      format: asked.format,
      gone,
      ...(timeLimit === undefined ? {} : { timeLimit }),
      rewrite: (canonical) => rewrite(canonical, { catalog, parameters: asked.parameters, limit }),
    });
  }

  async #refuse(response: ServerResponse, error: unknown): Promise<void> {
    const exception = exceptionOf(error);
    queries.of(outcomeOf(exception.status)).value++;
    if (exception.code === unforeseen) this.options.onInternal(error);
    if (response.headersSent) return void response.destroy();
    response.statusCode = exception.status;
    if (exception.status === 401)
      response.setHeader('www-authenticate', 'Basic realm="ClickHouse server HTTP API"');
    response.setHeader('content-type', 'text/plain; charset=UTF-8');
    response.setHeader('x-clickhouse-exception-code', String(exception.code));
    await sendBody(response, Buffer.from(textOf(exception, this.options.catalog.version)));
  }
}

const queries = new Counts({
  ...{
    name: 'weir_clickhouse_requests_total',
    help: 'Requests of ClickHouse clients, by what became of them',
  },
  labels: ['outcome'],
});
const answered = queries.of('answered');

function outcomeOf(status: number): string {
  if (status === 401 || status === 403) return 'refused';
  return status < 500 ? 'wrong' : 'failed';
}

const statusPaths = new Set(['/ping', '/replicas_status']);
/** The revision from which a column says how it is written. */
const customColumns = 54454;
const unforeseen = 1002;

/** Aborted when the connection closes before the answer is sent. */
function goneOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (response.destroyed) gone.abort();
  return gone.signal;
}

const nothingRead: QuerySummary = {
  read_rows: '0',
  read_bytes: '0',
  written_rows: '0',
  written_bytes: '0',
  total_rows_to_read: '0',
  result_rows: '0',
  result_bytes: '0',
  elapsed_ns: '0',
};

const summaryOf = (summary: QuerySummary | undefined): QuerySummary => summary ?? nothingRead;
