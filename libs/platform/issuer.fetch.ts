import { AppError } from '#kernel';
import { isLoopbackHost } from '#wire';

const timeoutMs = 5_000;
const maxBytes = 1024 * 1024;

/**
 * A JSON document of an issuer: 200 or nothing, no redirects (a redirect would let any page on its host choose
 * the keys), at most 1 MiB within 5 s. Throws ISSUER_UNAVAILABLE.
 */
export async function fetchIssuerJson(url: string): Promise<unknown> {
  if (!isTrustworthy(url)) throw unavailable(url, 'it is neither https:// nor on loopback');
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw unavailable(url, `it answered ${response.status}`);
    }
    return JSON.parse(await boundedText(response, url)) as unknown;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw unavailable(url, reasonOf(cause), cause);
  }
}

function isTrustworthy(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

async function boundedText(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > maxBytes) throw unavailable(url, `it is longer than ${maxBytes} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unavailable(url: string, reason: string, cause?: unknown): AppError {
  return new AppError('ISSUER_UNAVAILABLE', `${url} cannot be used: ${reason}`, { cause });
}

function reasonOf(cause: unknown): string {
  if (cause instanceof SyntaxError) return 'it is not JSON';
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return `no answer within ${timeoutMs / 1000} s`;
  const inner = cause instanceof Error ? cause.cause : undefined;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : undefined;
  return code ?? 'the connection failed';
}
