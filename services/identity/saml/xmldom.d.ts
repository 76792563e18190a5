/**
 * The parts of @xmldom/xmldom 0.8 that are used here, by `paths` in tsconfig.json: the package's own types would bring all
 * of the browser's DOM into scope, everywhere.
 */
export interface XmlNode {
  /** 1 element, 2 attribute, 3 text, 7 processing instruction. */
  readonly nodeType: number;
  readonly parentNode: XmlNode | null;
  readonly childNodes: ArrayLike<XmlNode>;
  readonly textContent: string | null;
  readonly nodeValue: string | null;
}

export interface XmlAttribute extends XmlNode {
  readonly name: string;
  readonly localName: string;
  readonly namespaceURI: string | null;
  readonly value: string;
}

export interface XmlElement extends XmlNode {
  readonly localName: string;
  readonly namespaceURI: string | null;
  readonly attributes: ArrayLike<XmlAttribute>;
}

type Complaint = (message: string) => void;

export declare class DOMParser {
  constructor(options: {
    locator: object;
    errorHandler: { warning: Complaint; error: Complaint; fatalError: Complaint };
  });
  parseFromString(xml: string, type: string): XmlNode | undefined;
}
