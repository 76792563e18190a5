import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '#kernel';
import { ProtocolException } from './exception.js';

/**
 * The token of a request. The server knows four places for a password and refuses a request that uses two; the user
 * beside it is free text. Throws UNAUTHENTICATED where there is none.
 */
export function tokenOf(headers: IncomingHttpHeaders, parameters: URLSearchParams): string {
  const given = [
    fromAuthorization(headers.authorization),
    fromHeaders(headers),
    fromParameters(parameters),
  ].filter((token) => token !== undefined);
  if (given.length > 1)
    throw new ProtocolException(
      516,
      'AUTHENTICATION_FAILED',
      401,
      'Invalid authentication: credentials stand in more than one place',
    );
  if (!given[0])
    throw new AppError('UNAUTHENTICATED', 'a token is needed as the password; the user is free text');
  return given[0];
}

/** `Basic` with user:token, or `Bearer`. An empty password is none, said in one place. */
function fromAuthorization(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, scheme = '', value = ''] = /^(Basic|Bearer) +([\x21-\x7e]+)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() !== 'basic') return value;
  const text = Buffer.from(value, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1 || text.length);
}

function fromHeaders(headers: IncomingHttpHeaders): string | undefined {
  const { 'x-clickhouse-user': user, 'x-clickhouse-key': key } = headers;
  if (user === undefined && key === undefined) return undefined;
  return typeof key === 'string' ? key : '';
}

function fromParameters(parameters: URLSearchParams): string | undefined {
  if (!parameters.has('user') && !parameters.has('password')) return undefined;
  return parameters.get('password') ?? '';
}
