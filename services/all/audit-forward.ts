import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Mount } from '#platform';

/** The audit service's slice of the API. */
export const auditPaths = ['/api/sessions', '/api/decisions', '/api/sql'];

/** Hands requests of the audit service's slice to its process, as they are: it verifies tokens itself. */
export function forwardToAudit(socketPath: string): Mount[] {
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    forward(socketPath, request, response);
  return auditPaths.map((path) => ({ path, handle }));
}

function forward(socketPath: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  const upstream = httpRequest({ socketPath, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => undefined);
  });
  upstream.once('error', () => {
    if (response.headersSent) response.destroy();
    else unavailable(response);
  });
  response.once('close', () => upstream.destroy());
  pipeline(request, upstream, () => undefined);
}

function unavailable(response: ServerResponse): void {
  const problem = {
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    code: 'LOG_UNAVAILABLE',
    detail: 'the audit service is starting or restarting: try again in a moment; nothing is lost meanwhile',
  };
  response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '2' });
  response.end(JSON.stringify(problem));
}
