import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import type { Mount } from '#platform';

/** Hands requests below these paths to whoever listens on a Unix socket, as they are: tokens are verified there. */
export function forward(paths: readonly string[], socketPath: string): Mount[] {
  const handle = (request: IncomingMessage, response: ServerResponse) => relay(socketPath, request, response);
  return paths.map((path) => ({ path, handle }));
}

function relay(socketPath: string, request: IncomingMessage, response: ServerResponse): void {
  const upstream = begun(socketPath, request, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => undefined);
  });
  if (!upstream) {
    response.writeHead(400, { connection: 'close' });
    response.end();
    return;
  }
  upstream.once('error', () => {
    if (response.headersSent) response.destroy();
    else unavailable(response);
  });
  response.once('close', () => upstream.destroy());
  pipeline(request, upstream, () => undefined);
}

/** Undefined for headers that can't be sent on. They go at once: what they throw later would be nobody's to catch. */
function begun(
  socketPath: string,
  { method, url, headers }: IncomingMessage,
  onAnswer: (answer: IncomingMessage) => void,
): ClientRequest | undefined {
  const sent = Object.entries(headers).filter(([name]) => !ofOneConnection.has(name));
  try {
    const upstream = httpRequest(
      { socketPath, method, path: url, headers: Object.fromEntries(sent) },
      onAnswer,
    );
    upstream.flushHeaders();
    return upstream;
  } catch {
    return undefined;
  }
}

/** RFC 9110, section 7.6.1; how the body is framed stays as it was. */
const ofOneConnection: ReadonlySet<string> = new Set([
  ...['connection', 'expect', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'upgrade'],
]);

function unavailable(response: ServerResponse): void {
  const problem = {
    type: 'urn:weirkeeper:problem:log-unavailable',
    title: 'log unavailable',
    status: 503,
    code: 'LOG_UNAVAILABLE',
    detail:
      'that part of the service is starting or restarting: try again in a moment; nothing is lost meanwhile',
  };
  response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '2' });
  response.end(JSON.stringify(problem));
}
