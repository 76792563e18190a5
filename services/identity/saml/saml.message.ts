import type { SAML, SamlConfig } from '@node-saml/node-saml';
import type { XmlElement } from '@xmldom/xmldom';
import { samlEngine, type SamlSettings } from './saml.settings.js';
import { expectNews } from './saml.times.js';
import { attribute, children, namespaces, refused, textOf } from './strict-xml.js';

interface Expected {
  /** For the log: `the response`. */
  readonly what: string;
  /** Absent: the message has none. */
  readonly destination?: string;
  /** Milliseconds for which it is news. */
  readonly life: number;
  /** A response may leave its issuer out; the assertion in it may not. */
  readonly mayBeUnnamed?: boolean;
}

/** What every message says of itself. Resolves to when it was issued. Throws SignInFailure. */
export function expectMessage(
  message: XmlElement,
  { config, skew }: SamlSettings,
  now: number,
  { what, destination, life, mayBeUnnamed = false }: Expected,
): number {
  if (attribute(message, 'Version') !== '2.0') throw refused(`${what} is not of SAML 2.0`);
  if (destination !== undefined && attribute(message, 'Destination') !== destination)
    throw refused(`${what} is for another destination`);
  const issuers = children(message, namespaces.assertion, 'Issuer').map(textOf);
  const isNamed = issuers.length === 1 || (issuers.length === 0 && mayBeUnnamed);
  if (!isNamed || issuers.some((issuer) => issuer !== config.idpEntityId))
    throw refused(`${what} is of another issuer`);
  return expectNews(message, now, skew, life);
}

/** What node-saml says of a message, which may refuse it, too. Throws SignInFailure. */
export async function askEngine<T>(
  what: string,
  settings: SamlSettings,
  check: (engine: SAML) => Promise<T>,
  more: Partial<SamlConfig> = {},
): Promise<T> {
  try {
    return await check(samlEngine(settings, more));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'it can not be read';
    throw refused(`${what} is not taken: ${message.replace(/\p{Cc}+/gu, ' ').slice(0, 300)}`);
  }
}
