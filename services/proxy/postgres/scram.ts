import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '#kernel';
import type { ChannelBinding } from './scram-binding.js';

/*
 * SCRAM-SHA-256, the client's side. RFC 5802, RFC 7677; tls-server-end-point: RFC 5929.
 *
 *   client-first   gs2-header "n=," "r=" nonce            PostgreSQL takes the user from the StartupMessage
 *   server-first   "r=" nonce+more ",s=" salt ",i=" count
 *   client-final   "c=" base64(gs2-header+binding) ",r=" nonce+more ",p=" proof
 *   server-final   "v=" signature
 */
const deriveKey = promisify(pbkdf2);

/** RFC 7677 asks for at least 4096; a server that says less wants a password that is quick to guess. */
const MIN_ITERATIONS = 4096;
/** A server that says millions wants our processor. 600,000 is what OWASP asks of stored passwords. */
const MAX_ITERATIONS = 1_000_000;

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';

export interface ScramExchange {
  readonly mechanism: ScramMechanism;
  readonly clientFirst: string;
  /** Takes the server's first message. Throws TARGET_UNTRUSTED where it breaks the rules. */
  clientFinal(serverFirst: string): Promise<string>;
  /** Throws TARGET_UNTRUSTED unless the server has shown that it knows the password too. */
  verify(serverFinal: string): void;
}

export interface ScramOptions {
  readonly password: string;
  /** What the server offers. */
  readonly offered: readonly string[];
  /** 'none': no TLS. 'unknown': TLS, but the certificate's hash has no defined binding. */
  readonly binding: ChannelBinding | 'none' | 'unknown';
  /** For tests with the RFC's vectors. */
  readonly nonce?: string;
  readonly userName?: string;
}

export function startScram(options: ScramOptions): ScramExchange {
  const { mechanism, header, bound } = chooseBinding(options);
  const nonce = options.nonce ?? randomBytes(18).toString('base64');
  const clientFirstBare = `n=${options.userName ?? ''},r=${nonce}`;
  let serverSignature: Buffer | undefined;
  return {
    mechanism,
    clientFirst: header + clientFirstBare,
    async clientFinal(serverFirst) {
      const { combined, salt, iterations } = readServerFirst(serverFirst, nonce);
      const salted = await deriveKey(saslPrep(options.password), salt, iterations, 32, 'sha256');
      const channel = Buffer.concat([Buffer.from(header), bound]).toString('base64');
      const withoutProof = `c=${channel},r=${combined}`;
      const authMessage = `${clientFirstBare},${serverFirst},${withoutProof}`;
      const clientKey = hmac(salted, 'Client Key');
      const signature = hmac(sha256(clientKey), authMessage);
      serverSignature = hmac(hmac(salted, 'Server Key'), authMessage);
      return `${withoutProof},p=${xor(clientKey, signature).toString('base64')}`;
    },
    verify(serverFinal) {
      const given = /^v=([A-Za-z0-9+/=]+)(?:,|$)/.exec(serverFinal)?.[1];
      const claimed = Buffer.from(given ?? '', 'base64');
      if (serverSignature === undefined || claimed.length !== serverSignature.length)
        throw untrusted('it sent no signature');
      if (!timingSafeEqual(claimed, serverSignature)) throw untrusted('its signature is false');
    },
  };
}

/**
 * `p`: bound to the TLS channel. `y`: we could bind, the server does not offer it (a server that did offer it
 * sees that someone took the offer away, and refuses). `n`: we can't bind.
 */
function chooseBinding({ offered, binding }: ScramOptions): {
  mechanism: ScramMechanism;
  header: string;
  bound: Buffer;
} {
  const nothing = Buffer.alloc(0);
  if (typeof binding === 'object' && offered.includes('SCRAM-SHA-256-PLUS'))
    return { mechanism: 'SCRAM-SHA-256-PLUS', header: `p=${binding.name},,`, bound: binding.data };
  if (!offered.includes('SCRAM-SHA-256'))
    throw new AppError('TARGET_REFUSED', 'the target offers no authentication that Weirkeeper knows');
  return { mechanism: 'SCRAM-SHA-256', header: typeof binding === 'object' ? 'y,,' : 'n,,', bound: nothing };
}

function readServerFirst(
  text: string,
  nonce: string,
): { combined: string; salt: Buffer; iterations: number } {
  const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,|$)/.exec(text);
  if (match === null) throw untrusted('its first SCRAM message is malformed');
  const [, combined, salt, count] = match as unknown as [string, string, string, string];
  if (!combined.startsWith(nonce) || combined.length === nonce.length)
    throw untrusted('its nonce does not continue ours');
  const iterations = Number(count);
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
    throw untrusted(`it asks for ${count} iterations; ${MIN_ITERATIONS} to ${MAX_ITERATIONS} are taken`);
  return { combined, salt: Buffer.from(salt, 'base64'), iterations };
}

/**
 * RFC 4013, as far as it changes a password that a server could have stored: PostgreSQL takes the raw bytes
 * where the preparation fails, and so do we.
 */
export function saslPrep(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const mapped = password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g, '')
    .normalize('NFKC');
  const prohibited = /[\p{Cc}\p{Co}\p{Cs}\p{Cn}\u2028\u2029\u200e\u200f\u202a-\u202e\ufff9-\ufffd]/u;
  return mapped === '' || prohibited.test(mapped) ? password : mapped;
}

const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest();
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((value, i) => value ^ b[i]!));

function untrusted(why: string): AppError {
  return new AppError('TARGET_UNTRUSTED', `the target did not prove who it is: ${why}`);
}
