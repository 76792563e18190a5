import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, importJWK, SignJWT, type JWK } from 'jose';
import type { TestHouse } from '../support/house.js';

/** The development provider's own token, signed anew by its own key with other claims. */
export async function tokenWith(
  house: TestHouse,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { keys } = JSON.parse(readFileSync(join(house.dataDir, 'dev-idp.json'), 'utf8')) as { keys: JWK[] };
  const [jwk] = keys;
  if (jwk?.kid === undefined) throw new Error('the development provider has no signing key');
  const payload = { ...decodeJwt(await house.token('agent')), ...claims };
  const header = { alg: 'ES256', kid: jwk.kid, typ: 'at+jwt' };
  return new SignJWT(payload).setProtectedHeader(header).sign(await importJWK(jwk, 'ES256'));
}

/** The same token with one bit of its signature turned. */
export function forged(token: string): string {
  const [head, body, signature] = token.split('.') as [string, string, string];
  const bytes = Buffer.from(signature, 'base64url');
  bytes[9]! ^= 1;
  return [head, body, bytes.toString('base64url')].join('.');
}
