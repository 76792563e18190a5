import { verify } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { decodeBase64, refused } from './strict-xml.js';

/** Bytes that a message of a few hundred characters may inflate to (CVE-2023-28119: deflate makes a thousand of one). */
const mostInflated = 64 * 1024;

const digests: Readonly<Record<string, string>> = {
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256': 'sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': 'sha512',
};
const names = ['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'] as const;
type Name = (typeof names)[number];

export interface RedirectMessage {
  readonly bytes: Buffer;
  /** The parameters, decoded. */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The request of a query (`SAMLRequest=…&SigAlg=…&Signature=…`, without the question mark), whose signature is over the
 * parameters as they were encoded by whoever sent them (bindings 2.0, section 3.4.4.1). Checked here, since node-saml
 * takes an unsigned one, any hash, and the first parameter that has the name somewhere in it. Throws SignInFailure.
 */
export function readRedirect(query: string, certificates: readonly string[]): RedirectMessage {
  const raw = parameters(query);
  const fields = Object.fromEntries([...raw].map(([name, value]) => [name, decoded(value)]));
  const digest = digests[fields['SigAlg'] ?? ''];
  if (digest === undefined)
    throw refused('the request is not signed, or with an algorithm that is not taken');
  const signed = names
    .filter((name) => name !== 'Signature' && raw.has(name))
    .map((name) => `${name}=${raw.get(name)}`)
    .join('&');
  const signature = decodeBase64(fields['Signature']);
  if (!certificates.some((key) => verify(digest, Buffer.from(signed), key, signature)))
    throw refused("the request's signature is not the provider's");
  return { bytes: inflated(decodeBase64(fields['SAMLRequest'])), fields };
}

/** Each at most once, and no other: nothing is left to be taken for what was signed. */
function parameters(query: string): Map<Name, string> {
  const found = new Map<Name, string>();
  for (const pair of query.split('&')) {
    const [, text = '', value = ''] = /^([^=]*)=?([^]*)$/.exec(pair) ?? [];
    const name = names.find((known) => known === text);
    if (name === undefined || found.has(name)) throw refused('the query has parameters that are not taken');
    found.set(name, value);
  }
  return found;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    throw refused('the query is not encoded as it should be');
  }
}

function inflated(bytes: Buffer): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: mostInflated });
  } catch {
    throw refused('the request can not be inflated, or is too large');
  }
}
