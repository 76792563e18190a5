import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Mount } from '#platform';
import type { ConsoleFile } from './console.files.js';

type Files = ReadonlyMap<string, ConsoleFile>;

const id = String.raw`[a-z]{3}_[0-9a-z]{26}`;
/** The pages that there are. An unknown one gets the same document, which says so, with status 404. */
const pages = new RegExp(
  `^/(?:sign-in|(?:approvals|sessions)(?:/${id})?|findings(?:/fnd_[0-9a-z_]{1,64})?|decisions/${id}(?:-\\d{1,9})?)?/?$`,
);

const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** The pages: all that is not the API's, nor said to be another's. A GET shows and never does anything. */
export function consoleMount(files: Files, others: readonly string[]): Mount {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(request, response, 405, { allow: 'GET, HEAD' });
    const [path = ''] = (request.url ?? '').split('?');
    const file = files.get(path);
    if (file && path !== '/index.html') return send(request, response, file, 200);
    const document = files.get('/index.html');
    if (looksLikeFile(path)) return plain(request, response, 404);
    if (!document) return plain(request, response, 503);
    return send(request, response, document, pages.test(path) ? 200 : 404);
  };
  return { path: '', except: others, handle };
}

/** Whoever asks for a script, a picture or a map must not get a page. */
function looksLikeFile(path: string): boolean {
  return path.startsWith('/assets/') || /\.\w+$/.test(path) || /%|\\|\/\.|\/\//.test(path);
}

function send(request: IncomingMessage, response: ServerResponse, file: ConsoleFile, status: number): void {
  const headers = { ...securityHeaders, ...cachingOf(file), 'content-type': file.type };
  if (status === 200 && isCurrent(request.headers['if-none-match'], file)) {
    response.writeHead(304, headers).end();
    return;
  }
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = zipped ? file.gzipped() : file.body;
  response.writeHead(status, {
    ...headers,
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function cachingOf(file: ConsoleFile): Record<string, string> {
  const isPage = file.type.startsWith('text/html');
  if (isPage) return { 'cache-control': 'no-store', vary: 'accept-encoding' };
  const cache = file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
  return { 'cache-control': cache, etag: file.etag, vary: 'accept-encoding' };
}

function isCurrent(header: string | undefined, file: ConsoleFile): boolean {
  if (header === undefined || file.type.startsWith('text/html')) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(file.etag) || tags.includes('*');
}

const texts: Readonly<Record<number, string>> = {
  404: 'Not found\n',
  405: 'Only GET and HEAD\n',
  503: 'The pages were not built: start Weirkeeper with `npm start` or `./weir start`\n',
};

function plain(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  more: Record<string, string> = {},
): void {
  const text = texts[status] ?? '';
  response.writeHead(status, {
    ...securityHeaders,
    ...more,
    'cache-control': 'no-store',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
