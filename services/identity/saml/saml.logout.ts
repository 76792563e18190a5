import type { XmlElement } from '@xmldom/xmldom';
import { readRedirect } from './redirect-binding.js';
import { readNameId } from './saml.assertion.js';
import { askEngine, expectMessage } from './saml.message.js';
import type { SamlSettings } from './saml.settings.js';
import { expectNow } from './saml.times.js';
import { expectKeys, refuseStraySignatures, signedPart } from './signed-element.js';
import {
  attribute,
  children,
  decodeBase64,
  is,
  namespaces,
  parseStrictly,
  plainXml,
  refused,
  textOf,
} from './strict-xml.js';

const { protocol: samlp } = namespaces;
const what = 'the logout request';

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
  await askEngine(what, settings, (engine) => engine.validateRedirectAsync({ ...fields }, query));
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
  await askEngine(what, settings, (engine) => engine.validatePostRequestAsync({ SAMLRequest }));
  return readRequest(signed, settings, now);
}

function parseRequest(xml: string): XmlElement {
  const request = parseStrictly(xml);
  if (!is(request, samlp, 'LogoutRequest')) throw refused('that is no logout request');
  return request;
}

function readRequest(request: XmlElement, settings: SamlSettings, now: number): LogoutRequest {
  const id = attribute(request, 'ID') ?? '';
  if (!/^[A-Za-z_][\w.-]*$/.test(id)) throw refused('the logout request has no ID');
  const at = expectMessage(request, settings, now, {
    what,
    destination: settings.logoutUrl,
    life: newsFor,
  });
  expectNow(request, now, settings.skew);
  const { nameId } = readNameId(request);
  return { id, nameId, at, sessionIndexes: children(request, samlp, 'SessionIndex').map(textOf) };
}
