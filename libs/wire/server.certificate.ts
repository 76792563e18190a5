import { X509Certificate, createPrivateKey, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, createDurably, systemClock, writeDurably, type Clock } from '#kernel';

/** PEM texts. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

const DAY = 24 * 3600 * 1000;
const VALID_DAYS = 397;
const RENEW_BEFORE_DAYS = 30;

/** How long another, who has made the key, may take for its certificate. Milliseconds. */
const othersMs = 2_000;

/**
 * The certificate in `dir`, made or renewed as needed: self-signed, for this host's names and loopback. Of several
 * processes that find none there one makes it, and all have the same.
 */
export async function ensureServerCertificate(
  dir: string,
  clock: Clock = systemClock,
): Promise<ServerCertificate> {
  const [certFile, keyFile] = [join(dir, 'server.crt'), join(dir, 'server.key')];
  const isOld = existsSync(certFile);
  const kept = await loadServerCertificate(certFile, keyFile).catch(() => undefined);
  if (kept !== undefined && staysValid(kept.cert, clock)) return kept;
  const made = await selfSigned(clock);
  if (!(await isFirst(keyFile, made.key))) {
    const theirs = isOld ? undefined : await madeByAnother(certFile, keyFile);
    if (theirs !== undefined && staysValid(theirs.cert, clock)) return theirs;
    await writeDurably(keyFile, made.key);
  }
  await writeDurably(certFile, made.cert, 0o644);
  return made;
}

/** Whoever makes the key makes the certificate. */
async function isFirst(keyFile: string, key: string): Promise<boolean> {
  return createDurably(keyFile, key).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );
}

/** Undefined where it died in between. */
async function madeByAnother(certFile: string, keyFile: string): Promise<ServerCertificate | undefined> {
  for (let waited = 0; waited < othersMs && !existsSync(certFile); waited += 50) await sleep(50);
  return loadServerCertificate(certFile, keyFile).catch(() => undefined);
}

/** A given certificate (chain) and key. CONFIG_INVALID says which file is wrong and how. */
export async function loadServerCertificate(certFile: string, keyFile: string): Promise<ServerCertificate> {
  const cert = await readPem(certFile, 'certificate');
  const key = await readPem(keyFile, 'private key');
  const parsed = parse(certFile, 'certificate', () => new X509Certificate(cert));
  const secret = parse(keyFile, 'private key', () => createPrivateKey(key));
  if (!parsed.checkPrivateKey(secret))
    throw new AppError('CONFIG_INVALID', `the private key ${keyFile} does not belong to ${certFile}`);
  return { cert, key };
}

function staysValid(cert: string, clock: Clock): boolean {
  const parsed = new X509Certificate(cert);
  return (
    Date.parse(parsed.validTo) - clock.now() > RENEW_BEFORE_DAYS * DAY &&
    Date.parse(parsed.validFrom) <= clock.now()
  );
}

/** Needs no openssl binary. The library is loaded only when a certificate has to be made. */
async function selfSigned(clock: Clock): Promise<ServerCertificate> {
  await import('reflect-metadata'); // its dependency container asks for it
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const host = hostname();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${/^[A-Za-z0-9.-]{1,64}$/.test(host) ? host : 'weirkeeper'}`,
    notBefore: new Date(clock.now() - DAY),
    notAfter: new Date(clock.now() + VALID_DAYS * DAY),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        ...(host === 'localhost' ? [] : [{ type: 'dns' as const, value: host }]),
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { cert: `${certificate.toString('pem')}\n`, key: pem('PRIVATE KEY', pkcs8) };
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

async function readPem(file: string, what: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('CONFIG_INVALID', `the ${what} ${file} can't be read (${cause.code})`, { cause });
  });
}

function parse<T>(file: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `${file} holds no ${what} in PEM form`, { cause });
  }
}
