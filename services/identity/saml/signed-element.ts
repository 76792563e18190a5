import { constants, verify } from 'node:crypto';
import { ExclusiveCanonicalization, SignedXml } from 'xml-crypto';
import type { XmlElement } from '@xmldom/xmldom';
import {
  attribute,
  elementsOf,
  everyElement,
  is,
  iterate,
  namespaces,
  onlyChild,
  parseStrictly,
  refused,
  textOf,
} from './strict-xml.js';

const { signature: ds, exclusive } = namespaces;

const signatureMethods = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
];
const digestMethods = ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512'];
/** A response has two; some more, where one was wrapped. Looking at one costs as much as checking it. */
const mostSignatures = 4;
const transforms = [`${ds}enveloped-signature`, exclusive];

/**
 * What keeps signature wrapping out, whichever element a reader picks afterwards: no two elements share an id, and
 * every signature stands directly in an element that it signs, which is one of `signers`. Throws SignInFailure.
 */
export function refuseStraySignatures(root: XmlElement, signers: readonly XmlElement[]): void {
  const ids = new Set<string>();
  for (const element of everyElement(root)) {
    for (const { localName, value } of iterate(element.attributes)) {
      if (localName?.toLowerCase() !== 'id') continue;
      if (ids.has(value)) throw refused('two elements have the same id');
      ids.add(value);
    }
    if (element.localName === 'Signature' && !signers.some((signer) => signer === element.parentNode))
      throw refused('a signature stands where none is expected');
  }
  for (const signer of signers) signatureOf(signer);
}

/** The element's signature, in the one form that SAML knows (core 2.0, section 5.4); undefined: none. Throws SignInFailure. */
export function signatureOf(element: XmlElement): XmlElement | undefined {
  const found = elementsOf(element).filter(({ localName }) => localName === 'Signature');
  const [signature] = found;
  if (!signature) return undefined;
  if (found.length > 1) throw refused(`${element.localName} has ${found.length} signatures`);
  const reference = expectForm(signature);
  const id = attribute(element, 'ID') ?? '';
  if (!/^[A-Za-z_][\w.-]*$/.test(id) || attribute(reference, 'URI') !== `#${id}`)
    throw refused('a signature is not of the element that it stands in');
  return signature;
}

/**
 * What a key of ours signed of this element: read nothing from anywhere else. `xml` is the document that the element
 * was parsed from, `certificates` are PEM. Throws SignInFailure.
 */
export function signedPart(xml: string, element: XmlElement, certificates: readonly string[]): XmlElement {
  const signature = signatureOf(element);
  if (!signature) throw refused(`${element.localName} is not signed`);
  for (const certificate of certificates) {
    const bytes = verified(xml, signature, certificate);
    if (bytes === undefined) continue;
    const part = parseStrictly(bytes);
    const isSame = part.localName === element.localName && part.namespaceURI === element.namespaceURI;
    if (!isSame || attribute(part, 'ID') !== attribute(element, 'ID'))
      throw refused('the signature is of something else');
    return part;
  }
  throw refused(`the signature of ${element.localName} is not the provider's`);
}

/** Each signature that there is was made with one of the keys, of whatever. Cheap, and so first. Throws SignInFailure. */
export function expectKeys(elements: readonly XmlElement[], certificates: readonly string[]): void {
  for (const element of elements) {
    const signature = signatureOf(element);
    if (signature && !certificates.some((certificate) => isKeyOf(signature, certificate)))
      throw refused(`the signature of ${element.localName} is not the provider's`);
  }
}

/**
 * Whether any signature of the document was made with one of the keys, of whatever and wherever it stands: such a message
 * has something of the provider's, which not everybody has.
 */
export function bearsKey(root: XmlElement, certificates: readonly string[]): boolean {
  const found: XmlElement[] = [];
  for (const element of everyElement(root)) {
    if (is(element, ds, 'Signature')) found.push(element);
    if (found.length === mostSignatures) break;
  }
  return found.some((signature) => certificates.some((certificate) => isOfKey(signature, certificate)));
}

function isOfKey(signature: XmlElement, certificate: string): boolean {
  try {
    expectForm(signature);
    return isKeyOf(signature, certificate);
  } catch {
    return false;
  }
}

/** Undefined where it is another key's, or is wrong. The certificate in the message is never used. */
function verified(xml: string, signature: XmlElement, certificate: string): string | undefined {
  try {
    const check = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null });
    check.loadSignature(signature as never);
    if (!check.checkSignature(xml)) return undefined;
    const parts = check.getSignedReferences();
    return parts.length === 1 ? parts[0] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The signature's value alone, over SignedInfo, which is small: whoever has no signature of the provider's does not get
 * a whole document canonicalised, which is what costs. No answer to what was signed: that is the library's.
 */
function isKeyOf(signature: XmlElement, certificate: string): boolean {
  const info = onlyChild(signature, ds, 'SignedInfo');
  const method = attribute(onlyChild(info, ds, 'SignatureMethod'), 'Algorithm') ?? '';
  const value = Buffer.from(textOf(onlyChild(signature, ds, 'SignatureValue')), 'base64');
  const bytes = new ExclusiveCanonicalization().process(info as never, {});
  const padding = method.endsWith('MGF1') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const digest = method.endsWith('sha512') ? 'sha512' : 'sha256';
  return verify(digest, Buffer.from(String(bytes)), { key: certificate, padding }, value);
}

/** Of a signature as SAML has them, wherever it stands. Returns its one reference. Throws SignInFailure. */
function expectForm(signature: XmlElement): XmlElement {
  expectParts(signature, ['SignedInfo', 'SignatureValue'], ['KeyInfo']);
  expectBase64(onlyChild(signature, ds, 'SignatureValue'));
  const info = onlyChild(signature, ds, 'SignedInfo');
  expectParts(info, ['CanonicalizationMethod', 'SignatureMethod', 'Reference']);
  expectAlgorithm(onlyChild(info, ds, 'CanonicalizationMethod'), [exclusive]);
  expectAlgorithm(onlyChild(info, ds, 'SignatureMethod'), signatureMethods);
  const reference = onlyChild(info, ds, 'Reference');
  expectReference(reference);
  return reference;
}

function expectReference(reference: XmlElement): void {
  expectParts(reference, ['Transforms', 'DigestMethod', 'DigestValue']);
  expectAlgorithm(onlyChild(reference, ds, 'DigestMethod'), digestMethods);
  expectBase64(onlyChild(reference, ds, 'DigestValue'));
  const steps = elementsOf(onlyChild(reference, ds, 'Transforms'));
  if (steps.length !== transforms.length || !steps.every((step) => is(step, ds, 'Transform')))
    throw refused('a signature has other transforms than SAML allows');
  steps.forEach((step, i) => expectAlgorithm(step, transforms.slice(i, i + 1)));
}

function expectParts(element: XmlElement, names: readonly string[], more: readonly string[] = []): void {
  const parts = elementsOf(element).map((part) => (part.namespaceURI === ds ? part.localName : '?'));
  const rest = parts.slice(names.length);
  if (
    names.some((name, i) => parts[i] !== name) ||
    rest.length > more.length ||
    rest.some((p) => !more.includes(p))
  )
    throw refused(`${element.localName} has other parts than a signature has`);
}

function expectAlgorithm(element: XmlElement, known: readonly string[]): void {
  if (!known.includes(attribute(element, 'Algorithm') ?? ''))
    throw refused(`${element.localName} is of an algorithm that is not taken`);
  // A list of prefixes: it is signed as well, and says only how the bytes were written.
  if (elementsOf(element).some(({ localName }) => localName !== 'InclusiveNamespaces'))
    throw refused(`${element.localName} has parameters that are not taken`);
}

function expectBase64(element: XmlElement): void {
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(textOf(element)))
    throw refused(`${element.localName} is not base64`);
}
