import { DOMParser, type XmlElement, type XmlNode } from '@xmldom/xmldom';
import { SignInFailure } from '../sign-in/sign-in.provider.js';

export const namespaces = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
  exclusive: 'http://www.w3.org/2001/10/xml-exc-c14n#',
} as const;

/** Of a message, in bytes once decoded. A thousand groups of a hundred letters are two thirds of it. */
const longest = 256 * 1024;
/** What is done with them grows with their square: 2,000 take a third of a second, 9,000 five [measured]. */
const mostElements = 2_000;
/** SAML's own nesting is a dozen; canonicalisation recurses. */
const deepest = 32;

const declaration =
  /^<\?xml version=["']1\.[01]["'](?: encoding=["']utf-8["'])?(?: standalone=["'](?:yes|no)["'])?\s*\?>/i;

/** Of a form's or a query's field. Throws SignInFailure. */
export function decodeBase64(field: unknown): Buffer {
  if (typeof field !== 'string' || field === '') throw refused('there is no SAML message');
  if (field.length > longest * 1.5) throw refused('the message is too large');
  const text = field.replace(/[\r\n\t ]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw refused('the message is not base64');
  return Buffer.from(text, 'base64');
}

/**
 * The text of a message that holds elements, attributes and text, and nothing else: no document type (so no entities),
 * no comment, no CDATA, no processing instruction. Parsers disagree about those, signatures skip them, and no provider
 * sends them. In well-formed XML `<!` and `<?` begin nothing else. Throws SignInFailure.
 */
export function plainXml(bytes: Uint8Array): string {
  if (bytes.length > longest) throw refused('the message is too large');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('the message is not UTF-8');
  }
  const body = text.replace(declaration, '').replace(/\r\n?/g, '\n');
  if (/<[!?]/.test(body)) throw refused('the message holds more than elements and text');
  // eslint-disable-next-line no-control-regex -- what XML 1.0 has no place for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(body))
    throw refused('the message holds control characters');
  return body;
}

/** The one root element of plain XML; anything that the parser would repair is refused. Throws SignInFailure. */
export function parseStrictly(xml: string): XmlElement {
  // Before the parser, whose own work grows with the square of these.
  if (count(xml, '<') > 2 * mostElements || count(xml, '=') > 4 * mostElements)
    throw refused('the message is too large');
  let first: string | undefined;
  const complain = (message: string): never => {
    // The parser catches what its handler throws, and complains of that in turn.
    first ??= message.replace(/\p{Cc}+/gu, ' ').slice(0, 200);
    throw refused(`the message is not well-formed: ${first}`);
  };
  const errorHandler = { warning: complain, error: complain, fatalError: complain };
  const document = new DOMParser({ locator: {}, errorHandler }).parseFromString(xml, 'text/xml');
  const nodes = document ? [...iterate(document.childNodes)] : [];
  const roots = nodes.filter(isElement);
  if (nodes.some((node) => !isElement(node) && (node.nodeType !== 3 || (node.nodeValue ?? '').trim() !== '')))
    throw refused('the message has text beside its root');
  const [root] = roots;
  if (!root || roots.length !== 1) throw refused(`the message has ${roots.length} roots`);
  refuseHuge(root);
  return root;
}

function count(text: string, sign: string): number {
  let found = 0;
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) found++;
  return found;
}

/** The element and all below it, in document order. */
export function* everyElement(top: XmlElement): Generator<XmlElement> {
  const rest: XmlElement[] = [top];
  for (let element = rest.pop(); element; element = rest.pop()) {
    yield element;
    rest.push(...elementsOf(element).toReversed());
  }
}

/** The elements directly below. */
export function elementsOf(element: XmlElement): XmlElement[] {
  return [...iterate(element.childNodes)].filter(isElement);
}

export function children(element: XmlElement, namespace: string, name: string): XmlElement[] {
  return elementsOf(element).filter((child) => is(child, namespace, name));
}

/** Exactly one. Throws SignInFailure. */
export function onlyChild(element: XmlElement, namespace: string, name: string): XmlElement {
  const found = children(element, namespace, name);
  const [child] = found;
  if (!child || found.length !== 1)
    throw refused(`${element.localName} has ${found.length} ${name} where one is expected`);
  return child;
}

export function is(element: XmlElement, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}

/** Of an element that holds nothing but text. Throws SignInFailure. */
export function textOf(element: XmlElement): string {
  if ([...iterate(element.childNodes)].some(({ nodeType }) => nodeType !== 3))
    throw refused(`${element.localName} holds more than text`);
  return element.textContent ?? '';
}

/** An attribute without a namespace; undefined where there is none. */
export function attribute(element: XmlElement, name: string): string | undefined {
  return [...iterate(element.attributes)].find(
    (each) => (each.namespaceURI ?? '') === '' && each.name === name,
  )?.value;
}

export function refused(message: string): SignInFailure {
  return new SignInFailure('refused', message);
}

export function* iterate<T>(list: ArrayLike<T>): Generator<T> {
  for (let i = 0; i < list.length; i++) yield list[i] as T;
}

function refuseHuge(root: XmlElement): void {
  let level = [root];
  let count = 0;
  for (let depth = 0; level.length > 0; depth++) {
    count += level.length;
    if (depth > deepest || count > mostElements)
      throw refused('the message is too deep or has too many elements');
    level = level.flatMap(elementsOf);
  }
}

function isElement(node: XmlNode): node is XmlElement {
  return node.nodeType === 1;
}
