import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '#kernel';

/* sealed: version:byte = 1, nonce:byte[12], tag:byte[16], ciphertext; AES-256-GCM, the request's id as AAD */
const version = 1;
const nonceSize = 12;
const tagSize = 16;
const headerSize = 1 + nonceSize + tagSize;

/** Bytes of a data key. */
export const dataKeySize = 32;

/** What an approver must see in the clear. */
export interface ExactStatement {
  readonly text: string;
  /** Parameter values as text, null for NULL. */
  readonly parameters: readonly (string | null)[];
}

export function newDataKey(): Buffer {
  return randomBytes(dataKeySize);
}

/** Seals for whoever holds the data key of this one request; destroying the key destroys the text. */
export function seal(clear: ExactStatement, key: Buffer, approvalId: string): Buffer {
  return sealJson(clear, key, approvalId);
}

/** Throws INTERNAL where the bytes, the key or the request's id are not those of `seal`. */
export function open(sealed: Uint8Array, key: Buffer, approvalId: string): ExactStatement {
  return openJson(sealed, key, approvalId) as ExactStatement;
}

/** Any JSON, bound to what it is about: sealed for one thing it does not open as another's. */
export function sealJson(clear: unknown, key: Buffer, about: string): Buffer {
  const nonce = randomBytes(nonceSize);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(clear), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), ciphertext]);
}

/** Throws INTERNAL where the bytes, the key or what it is about are not those of `sealJson`. */
export function openJson(sealed: Uint8Array, key: Buffer, about: string): unknown {
  const bytes = Buffer.from(sealed);
  if (bytes.length < headerSize || bytes[0] !== version) throw unreadable();
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + nonceSize));
  decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(1 + nonceSize, headerSize));
  try {
    const clear = Buffer.concat([decipher.update(bytes.subarray(headerSize)), decipher.final()]);
    return JSON.parse(clear.toString('utf8'));
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause?: unknown): AppError {
  return new AppError('INTERNAL', 'the sealed statement cannot be opened', { cause });
}
