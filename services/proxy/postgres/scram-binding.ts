import { createHash } from 'node:crypto';

export interface ChannelBinding {
  readonly name: 'tls-server-end-point';
  readonly data: Buffer;
}

/**
 * RFC 5929, tls-server-end-point: the hash of the server's certificate, by the hash of that certificate's own
 * signature, SHA-256 where that is MD5 or SHA-1. Undefined where the signature has no such hash (Ed25519) or
 * names it among its parameters (RSASSA-PSS): libpq knows none there either.
 */
export function endPointBinding(certificate: Buffer): ChannelBinding | undefined {
  const hash = hashBySignature[signatureOid(certificate) ?? ''];
  if (hash === undefined) return undefined;
  return { name: 'tls-server-end-point', data: createHash(hash).update(certificate).digest() };
}

/** Object identifiers as hex of their DER. */
const hashBySignature: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256', // sha256WithRSAEncryption
  '2a864886f70d01010c': 'sha384', // sha384WithRSAEncryption
  '2a864886f70d01010d': 'sha512', // sha512WithRSAEncryption
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040302': 'sha256', // ecdsa-with-SHA256
  '2a8648ce3d040303': 'sha384', // ecdsa-with-SHA384
  '2a8648ce3d040304': 'sha512', // ecdsa-with-SHA512
};

/* Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, .. }, .. } */
function signatureOid(der: Buffer): string | undefined {
  const certificate = element(der, 0);
  const signed = certificate && element(der, certificate.start);
  const algorithm = signed && element(der, signed.end);
  const oid = algorithm && element(der, algorithm.start);
  return oid?.tag === 0x06 ? der.toString('hex', oid.start, oid.end) : undefined;
}

/* DER: tag:byte length content     length: one byte below 128, else 128 + the number of bytes that hold it */
function element(der: Buffer, at: number): { tag: number; start: number; end: number } | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const width = first < 128 ? 0 : first - 128;
  if (width > 4 || at + 2 + width > der.length) return undefined;
  const length = width === 0 ? first : der.readUIntBE(at + 2, width);
  const start = at + 2 + width;
  return start + length > der.length ? undefined : { tag, start, end: start + length };
}
