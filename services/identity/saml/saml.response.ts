import type { XmlElement } from '@xmldom/xmldom';
import { SignInFailure } from '../sign-in/sign-in.provider.js';
import { transactionLife } from '../sign-in/sign-in.transaction.js';
import { readAssertion, type SamlStatement } from './saml.assertion.js';
import { askEngine, expectMessage } from './saml.message.js';
import type { SamlSettings } from './saml.settings.js';
import { expectKeys, refuseStraySignatures, signatureOf, signedPart } from './signed-element.js';
import {
  attribute,
  children,
  decodeBase64,
  everyElement,
  is,
  namespaces,
  onlyChild,
  parseStrictly,
  plainXml,
  refused,
} from './strict-xml.js';

const { protocol: samlp, assertion: saml } = namespaces;
const success = 'urn:oasis:names:tc:SAML:2.0:status:Success';
const noConsent = ['AuthnFailed', 'RequestDenied'].map(
  (code) => `urn:oasis:names:tc:SAML:2.0:status:${code}`,
);

/**
 * Who signed in, of the `SAMLResponse` that was posted. Four looks at it, each of which may refuse: is this a document
 * that two parsers can't read in two ways, with one assertion and signatures only where SAML has them; did a key of the
 * provider sign anything; what says node-saml; what stands in the signed bytes of the assertion, whence alone it is read.
 * Throws SignInFailure.
 */
export async function readResponse(
  field: unknown,
  settings: SamlSettings,
  now: number,
): Promise<SamlStatement> {
  const xml = plainXml(decodeBase64(field));
  const response = parseStrictly(xml);
  if (!is(response, samlp, 'Response')) throw refused('that is no SAML response');
  refuseStatus(response, settings);
  const assertion = onlyAssertion(response);
  refuseStraySignatures(response, [response, assertion]);
  const isSigned = signatureOf(response) !== undefined;
  if (settings.config.signedResponse && !isSigned) throw refused('the response is not signed');
  expectKeys([response, assertion], settings.certificates);
  const theirs = await nameByEngine(xml, settings, isSigned);
  const envelope = isSigned ? signedPart(xml, response, settings.certificates) : response;
  // Where the response itself is unsigned this says nothing; the assertion repeats what matters.
  const expected = { destination: settings.acsUrl, life: transactionLife, mayBeUnnamed: true };
  expectMessage(envelope, settings, now, { what: 'the response', ...expected });
  const statement = readAssertion(signedPart(xml, assertion, settings.certificates), settings, now);
  if (attribute(envelope, 'InResponseTo') !== statement.inResponseTo)
    throw new SignInFailure('mismatch', 'response and assertion answer two questions');
  if (theirs !== statement.nameId) throw refused('two readings of the assertion differ');
  return statement;
}

/** The whole document has one, and it stands where it should: nothing is left to be taken for another. */
function onlyAssertion(response: XmlElement): XmlElement {
  const all = [...everyElement(response)];
  const named = (name: string) => all.filter(({ localName }) => localName === name).length;
  if (named('EncryptedAssertion') > 0) throw refused('encrypted assertions are not taken');
  if (named('Response') !== 1 || named('Assertion') !== 1)
    throw refused(`the message has ${named('Response')} responses and ${named('Assertion')} assertions`);
  return onlyChild(response, saml, 'Assertion');
}

/** The provider says no. Unsigned, perhaps: believed, as nothing is gained by it. */
function refuseStatus(response: XmlElement, { config }: SamlSettings): void {
  const status = onlyChild(onlyChild(response, samlp, 'Status'), samlp, 'StatusCode');
  if (attribute(status, 'Value') === success) return;
  const inner = children(status, samlp, 'StatusCode').map((each) => attribute(each, 'Value') ?? '');
  const codes = [attribute(status, 'Value') ?? '', ...inner];
  throw new SignInFailure(
    codes.some((code) => noConsent.includes(code)) ? 'denied' : 'refused',
    `${config.name} answered ${codes.join(' ').slice(0, 300)}`,
  );
}

/** The NameID that node-saml finds. A response that bears a signature must bear a right one. */
async function nameByEngine(
  xml: string,
  settings: SamlSettings,
  isSigned: boolean,
): Promise<string | undefined> {
  const SAMLResponse = Buffer.from(xml).toString('base64');
  const wantAuthnResponseSigned = isSigned || settings.config.signedResponse;
  const { profile } = await askEngine(
    'the response',
    settings,
    (engine) => engine.validatePostResponseAsync({ SAMLResponse }),
    { wantAuthnResponseSigned },
  );
  return profile?.nameID;
}
