import type { IncomingHttpHeaders } from 'node:http';
import { database } from '#audit-store';
import { newId } from '#kernel';
import { ProtocolException } from './exception.js';
import { contentTypeOf, defaultFormat } from './formats.js';
import { readSettings, type RequestSettings } from './request.settings.js';

/** What stands in a request's address and headers, but for who asks. */
export interface QueryRequest {
  /** The part of the query that stands in the address. */
  readonly query: string;
  readonly queryId: string;
  readonly format: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly settings: RequestSettings;
  /** It asks for answers of this revision, if the server's is not older. */
  readonly protocolVersion: number;
  readonly mayCompress: boolean;
}

const ownNames = new Set(['query', 'query_id', 'database', 'default_format', 'user', 'password']);

/** Throws what the server would say to a parameter that it does not know. */
export function readRequest(search: URLSearchParams, headers: IncomingHttpHeaders): QueryRequest {
  const given = onlyOnce(search);
  assertDatabase(given.get('database') ?? headerOf(headers, 'x-clickhouse-database'));
  const format = given.get('default_format') ?? headerOf(headers, 'x-clickhouse-format') ?? defaultFormat;
  contentTypeOf(format);
  const others = [...given].filter(([name]) => !ownNames.has(name));
  return {
    query: given.get('query') ?? '',
    queryId: queryIdOf(given.get('query_id')),
    format,
    parameters: new Map(
      others.filter(([name]) => name.startsWith('param_')).map(([name, value]) => [name.slice(6), value]),
    ),
    settings: readSettings(new Map(others.filter(([name]) => !name.startsWith('param_')))),
    protocolVersion: Number(given.get('client_protocol_version') ?? 0) || 0,
    mayCompress: !/^(?:0|false)$/.test(given.get('enable_http_compression') ?? '1'),
  };
}

/** Of a name that stands twice, two readers may take different ones. */
function onlyOnce(search: URLSearchParams): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of search) {
    if (given.has(name))
      throw new ProtocolException(36, 'BAD_ARGUMENTS', 400, 'a parameter stands in the address twice');
    given.set(name, value);
  }
  return given;
}

/** `default` is what clients name when nobody told them another. */
function assertDatabase(name: string | undefined): void {
  if (name === undefined || name === '' || name === 'default' || name === database) return;
  const shown = /^\w{1,64}$/.test(name) ? `${name} ` : '';
  throw new ProtocolException(
    81,
    'UNKNOWN_DATABASE',
    404,
    `Database ${shown}does not exist; there is ${database}`,
  );
}

function queryIdOf(given: string | undefined): string {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : newId('qry');
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
