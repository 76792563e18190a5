import type { SAML } from '@node-saml/node-saml';
import type { XmlElement } from '@xmldom/xmldom';
import { readRedirect } from './redirect-binding.js';
import { readNameId } from './saml.assertion.js';
import { samlEngine, type SamlSettings } from './saml.settings.js';
import { expectNews, expectNow } from './saml.times.js';
import { expectKeys, refuseStraySignatures, signedPart } from './signed-element.js';
import {
  attribute,
  children,
  decodeBase64,
  is,
  namespaces,
  onlyChild,
  parseStrictly,
  plainXml,
  refused,
  textOf,
} from './strict-xml.js';

const { protocol: samlp, assertion: saml } = namespaces;

/** Milliseconds for which a logout request is news. */
const newsFor = 5 * 60_000;

/** Whose session ended at the provider. */
export interface LogoutRequest {
  readonly id: string;
  readonly nameId: string;
  /** None: all of that person's. */
  readonly sessionIndexes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Of a query, whose parameters are signed. Throws SignInFailure. */
export async function logoutByRedirect(
  query: string,
  settings: SamlSettings,
  now: number,
): Promise<LogoutRequest> {
  const { bytes, fields } = readRedirect(query, settings.certificates);
  const request = parseRequest(plainXml(bytes));
  refuseStraySignatures(request, []);
  await agree(settings, (engine) => engine.validateRedirectAsync({ ...fields }, query));
  return readRequest(request, settings, now);
}

/** Of a form's field: signed within. Throws SignInFailure. */
export async function logoutByPost(
  field: unknown,
  settings: SamlSettings,
  now: number,
): Promise<LogoutRequest> {
  const xml = plainXml(decodeBase64(field));
  const request = parseRequest(xml);
  refuseStraySignatures(request, [request]);
  expectKeys([request], settings.certificates);
  const signed = signedPart(xml, request, settings.certificates);
  const SAMLRequest = Buffer.from(xml).toString('base64');
  await agree(settings, (engine) => engine.validatePostRequestAsync({ SAMLRequest }));
  return readRequest(signed, settings, now);
}

function parseRequest(xml: string): XmlElement {
  const request = parseStrictly(xml);
  if (!is(request, samlp, 'LogoutRequest')) throw refused('that is no logout request');
  return request;
}

async function agree(settings: SamlSettings, check: (engine: SAML) => Promise<unknown>): Promise<void> {
  try {
    await check(samlEngine(settings));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'it can not be read';
    throw refused(`the logout request is not taken: ${message.replace(/\p{Cc}+/gu, ' ').slice(0, 300)}`);
  }
}

function readRequest(request: XmlElement, settings: SamlSettings, now: number): LogoutRequest {
  const { config, logoutUrl, skew } = settings;
  const id = attribute(request, 'ID') ?? '';
  if (!/^[A-Za-z_][\w.-]*$/.test(id)) throw refused('the logout request has no ID');
  if (attribute(request, 'Version') !== '2.0') throw refused('the logout request is not of SAML 2.0');
  if (attribute(request, 'Destination') !== logoutUrl)
    throw refused('the logout request is for another destination');
  if (textOf(onlyChild(request, saml, 'Issuer')) !== config.idpEntityId)
    throw refused('the logout request is of another issuer');
  expectNow(request, now, skew);
  const at = expectNews(request, now, skew, newsFor);
  const { nameId } = readNameId(request);
  return { id, nameId, at, sessionIndexes: children(request, samlp, 'SessionIndex').map(textOf) };
}
