import {
  request as httpRequest,
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { reachOf, type Reach } from './address.rules.js';
import { hostOf } from './webhook.url.js';

export interface PostOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Host names that may stand for private addresses. */
  readonly allowPrivate: readonly string[];
  /** For everything: name, connection, TLS, answer. */
  readonly timeoutMs: number;
  /** All addresses of a host name. */
  readonly resolve: Resolve;
  /** Gives up early. */
  readonly signal: AbortSignal;
}

export type Resolve = (host: string) => Promise<readonly string[]>;

/** An answer's status, or why there was none, in words that hold nothing of the URL but its host. */
export type Posted =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** Of an answer's body; it is thrown away. */
const drainedBytes = 64 * 1024;
const drainedMs = 1_000;

/**
 * Posts where the operator meant and nowhere else: the name is looked up once, every address is checked, and the
 * connection goes to what was checked. No redirect is followed, no proxy of the environment is used, nothing of
 * an answer is kept but its status.
 */
export async function safePost(options: PostOptions): Promise<Posted> {
  const ends = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  try {
    const checked = await addressesOf(options, ends);
    return typeof checked === 'string' ? failed(checked) : await send(options, checked, ends);
  } catch (error) {
    return failed(ends.aborted ? overtime(options) : reasonOf(error));
  }
}

/** The addresses to connect to, or why there are none. */
async function addressesOf(options: PostOptions, ends: AbortSignal): Promise<readonly string[] | string> {
  const host = hostOf(options.url);
  const addresses = isIP(host) ? [host] : await unlessAborted(options.resolve(host), ends);
  if (addresses.length === 0) return `${host} has no address`;
  const reaches = addresses.map(reachOf);
  return refusal(options, host, addresses, reaches) ?? addresses;
}

function refusal(
  { url, allowPrivate }: PostOptions,
  host: string,
  addresses: readonly string[],
  reaches: readonly Reach[],
): string | undefined {
  const never = addresses.find((_, i) => reaches[i] === 'never');
  if (never !== undefined) return `${host} is ${never}, where no webhook may go`;
  const inside = addresses.find((_, i) => reaches[i] === 'private');
  if (inside !== undefined && !allowPrivate.includes(host))
    return `${host} is ${inside}, a private address, and allowPrivate does not name ${host}`;
  if (url.protocol !== 'https:' && reaches.includes('public'))
    return `${host} is a public address, and the URL is not https://`;
  return undefined;
}

function send(options: PostOptions, addresses: readonly string[], ends: AbortSignal): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const request = open(options, addresses, ends);
    request.on('error', reject);
    request.on('close', () => reject(new Error('closed'))); // 101 ends without an error
    request.once('response', (response: IncomingMessage) => {
      const { statusCode: status = 0, headers } = response;
      drain(response, request);
      resolve({ kind: 'answered', status, retryAfter: headers['retry-after'] });
    });
    request.end(options.body);
  });
}

function open(
  { url, headers, body }: PostOptions,
  addresses: readonly string[],
  signal: AbortSignal,
): ClientRequest {
  const secure = url.protocol === 'https:';
  // An agent of its own: the global one may be told to use the environment's proxy.
  const agent = secure ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
  return (secure ? httpsRequest : httpRequest)(url, {
    ...{ method: 'POST', agent, signal, lookup: only(addresses), maxHeaderSize: 16 * 1024 },
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
  });
}

/** Answers with what was checked, whatever the name says by now. */
function only(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all: wantsAll }, callback) => {
    if (wantsAll) callback(null, all);
    else callback(null, all[0]?.address ?? '', all[0]?.family);
  };
}

/** Lets a small answer end by itself, so that its sender sees no reset; ends any other. */
function drain(response: IncomingMessage, request: ClientRequest): void {
  let left = drainedBytes;
  const timer = setTimeout(() => request.destroy(), drainedMs).unref();
  response.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  response.on('error', () => undefined);
  response.once('close', () => clearTimeout(timer));
}

function unlessAborted<T>(work: Promise<T>, ends: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    ends.throwIfAborted();
    ends.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    work.then(resolve, reject);
  });
}

const failed = (reason: string): Posted => ({ kind: 'failed', reason });

function overtime({ signal, timeoutMs }: PostOptions): string {
  return signal.aborted ? 'the gate was stopped' : `no answer within ${timeoutMs / 1000} s`;
}

/** Codes alone: a message may carry more than its reader should see. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[A-Z0-9_]{3,60}$/.test(code) ? `no answer: ${code}` : 'the connection failed';
}
