import 'reflect-metadata';
import { randomUUID, sign, webcrypto } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as x509 from '@peculiar/x509';
import { SignedXml } from 'xml-crypto';

export const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const assertionNamespace = 'urn:oasis:names:tc:SAML:2.0:assertion';
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) };

/** What a response says; every part of it can be said wrongly. Absent: rightly. */
export interface Said {
  inResponseTo?: string | undefined;
  subjectInResponseTo?: string;
  id?: string;
  nameId?: string;
  nameIdFormat?: string;
  issuer?: string;
  responseIssuer?: string;
  audience?: string;
  destination?: string;
  recipient?: string;
  status?: string;
  /** Milliseconds from now. */
  issued?: number;
  responseIssued?: number;
  notBefore?: number;
  notOnOrAfter?: number;
  confirmedUntil?: number;
  sessionIndex?: string;
  sessionEnds?: number;
  groups?: readonly string[];
  displayName?: string;
  /** Within the assertion, behind its attributes. */
  more?: string;
  /** Within Conditions. */
  condition?: string;
}

export interface Signing {
  key?: SigningKey;
  signature?: string;
  digest?: string;
  canonical?: string;
  transforms?: readonly string[];
  /** Prefixes that the canonical form names though no element uses them, as those in xsi:type. */
  inclusive?: readonly string[];
  /** Of the signature's elements; '' for none. Default `ds`. */
  prefix?: string;
}

export interface SigningKey {
  readonly privateKey: string;
  readonly certificate: string;
}

/**
 * A mock of a SAML identity provider: it signs whatever a test wants signed, with real keys and real XML signatures. It
 * is no server; a real one is Keycloak's.
 */
export class SamlIdp {
  readonly entityId = 'https://idp.example/saml';
  readonly ssoUrl = 'https://idp.example/sso';
  readonly sloUrl = 'https://idp.example/slo';

  private constructor(
    readonly key: SigningKey,
    /** Another key of its own, as while it changes keys. */
    readonly nextKey: SigningKey,
    readonly otherKey: SigningKey,
  ) {}

  static async make(): Promise<SamlIdp> {
    return new SamlIdp(await newKey(), await newKey(), await newKey());
  }

  /** An item of `identity.saml`, on one line. */
  entry(name: string, more: object = {}): string {
    return JSON.stringify({
      name,
      idpEntityId: this.entityId,
      ssoUrl: this.ssoUrl,
      sloUrl: this.sloUrl,
      idpCerts: [this.key.certificate, this.nextKey.certificate],
      ...more,
    });
  }

  /** A response to the request behind this address, unsigned. */
  response(asked: string | URL, said: Said = {}): string {
    const { id, acs } = readAuthnRequest(asked);
    const answers = 'inResponseTo' in said ? said.inResponseTo : id;
    const about = answers === undefined ? '' : ` InResponseTo="${answers}"`;
    const status = said.status ?? 'urn:oasis:names:tc:SAML:2.0:status:Success';
    return (
      `<samlp:Response xmlns:samlp="${protocol}" xmlns:saml="${assertionNamespace}" ID="_r${randomUUID()}" Version="2.0"` +
      ` IssueInstant="${at(said.responseIssued ?? 0)}" Destination="${said.destination ?? acs}"${about}>` +
      `<saml:Issuer>${said.responseIssuer ?? said.issuer ?? this.entityId}</saml:Issuer>` +
      `<samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status>` +
      `${this.assertion(asked, said)}</samlp:Response>`
    );
  }

  assertion(asked: string | URL, said: Said = {}): string {
    const { id, acs, issuer } = readAuthnRequest(asked);
    const answers = said.subjectInResponseTo ?? ('inResponseTo' in said ? said.inResponseTo : id);
    const about = answers === undefined ? '' : ` InResponseTo="${answers}"`;
    const index = said.sessionIndex === undefined ? '' : ` SessionIndex="${said.sessionIndex}"`;
    const ends = said.sessionEnds === undefined ? '' : ` SessionNotOnOrAfter="${at(said.sessionEnds)}"`;
    const format = said.nameIdFormat ?? 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
    return (
      `<saml:Assertion xmlns:saml="${assertionNamespace}" ID="${said.id ?? `_a${randomUUID()}`}" Version="2.0"` +
      ` IssueInstant="${at(said.issued ?? 0)}">` +
      `<saml:Issuer>${said.issuer ?? this.entityId}</saml:Issuer>` +
      `<saml:Subject><saml:NameID Format="${format}">${said.nameId ?? 'ann'}</saml:NameID>` +
      `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData` +
      ` Recipient="${said.recipient ?? acs}" NotOnOrAfter="${at(said.confirmedUntil ?? 60_000)}"${about}/>` +
      `</saml:SubjectConfirmation></saml:Subject>` +
      `<saml:Conditions NotBefore="${at(said.notBefore ?? -60_000)}" NotOnOrAfter="${at(said.notOnOrAfter ?? 60_000)}">` +
      `<saml:AudienceRestriction><saml:Audience>${said.audience ?? issuer}</saml:Audience></saml:AudienceRestriction>` +
      `${said.condition ?? ''}</saml:Conditions>` +
      `<saml:AuthnStatement AuthnInstant="${at(0)}"${index}${ends}><saml:AuthnContext><saml:AuthnContextClassRef>` +
      `urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
      `${attributes({ groups: said.groups, displayName: said.displayName && [said.displayName] })}` +
      `${said.more ?? ''}</saml:Assertion>`
    );
  }

  /** Signs the one element of that name, in place, below its Issuer. */
  sign(xml: string, name: string, signing: Signing = {}): string {
    const { privateKey, certificate } = signing.key ?? this.key;
    const signed = new SignedXml({
      privateKey,
      publicCert: certificate,
      signatureAlgorithm: signing.signature ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
      canonicalizationAlgorithm: (signing.canonical ?? exclusive) as typeof exclusive,
      getKeyInfoContent: (args) => SignedXml.getKeyInfoContent(args ?? {}),
    });
    if (signing.signature?.includes('hmac')) signed.enableHMAC();
    const target = `//*[local-name(.)='${name}']`;
    signed.addReference({
      xpath: target,
      digestAlgorithm: signing.digest ?? 'http://www.w3.org/2001/04/xmlenc#sha256',
      transforms: [
        ...(signing.transforms ?? ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive]),
      ],
      ...(signing.inclusive ? { inclusiveNamespacesPrefixList: [...signing.inclusive] } : {}),
    });
    const location = { reference: `${target}/*[local-name(.)='Issuer']`, action: 'after' } as const;
    signed.computeSignature(xml, { prefix: signing.prefix ?? 'ds', location });
    return signed.getSignedXml();
  }

  /** As most providers send it: both signed. */
  signedResponse(asked: string | URL, said: Said = {}): string {
    return this.sign(this.sign(this.response(asked, said), 'Assertion'), 'Response');
  }

  /** Unsigned. */
  logoutRequest(destination: string, said: Asked = {}): string {
    const { issuer = this.entityId, nameId = 'ann', sessionIndexes = [] } = said;
    const format = said.nameIdFormat ?? 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
    const ends = said.notOnOrAfter === undefined ? '' : ` NotOnOrAfter="${at(said.notOnOrAfter)}"`;
    return (
      `<samlp:LogoutRequest xmlns:samlp="${protocol}" xmlns:saml="${assertionNamespace}" ID="_l${randomUUID()}"` +
      ` Version="2.0" IssueInstant="${at(said.issued ?? 0)}" Destination="${destination}"${ends}>` +
      `<saml:Issuer>${issuer}</saml:Issuer><saml:NameID Format="${format}">${nameId}</saml:NameID>` +
      `${sessionIndexes.map((index) => `<samlp:SessionIndex>${index}</samlp:SessionIndex>`).join('')}` +
      `</samlp:LogoutRequest>`
    );
  }

  /** The query that carries it, signed as the redirect binding does. */
  redirectQuery(
    message: string | Uint8Array,
    {
      relayState,
      key = this.key,
      algorithm = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    }: Redirect = {},
  ): string {
    const deflated = typeof message === 'string' ? deflateRawSync(message) : message;
    const pairs: [string, string][] = [
      ['SAMLRequest', Buffer.from(deflated).toString('base64')],
      ...(relayState === undefined ? [] : [['RelayState', relayState] as [string, string]]),
      ['SigAlg', algorithm],
    ];
    const signed = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    const digest = /sha\d+$/.exec(algorithm)?.[0] ?? 'sha256';
    const signature = sign(digest, Buffer.from(signed), key.privateKey).toString('base64');
    return `${signed}&Signature=${encodeURIComponent(signature)}`;
  }
}

/** What a logout request says. Times are milliseconds from now. */
export interface Asked {
  issuer?: string;
  nameId?: string;
  nameIdFormat?: string;
  sessionIndexes?: readonly string[];
  issued?: number;
  notOnOrAfter?: number;
}

export interface Redirect {
  relayState?: string;
  key?: SigningKey;
  algorithm?: string;
}

/** What was asked, of the redirect to the provider. */
export function readAuthnRequest(asked: string | URL): {
  id: string;
  acs: string;
  issuer: string;
  xml: string;
} {
  const xml = inflateMessage(asked, 'SAMLRequest');
  const [, id = ''] = / ID="([^"]*)"/.exec(xml) ?? [];
  const [, acs = ''] = / AssertionConsumerServiceURL="([^"]*)"/.exec(xml) ?? [];
  const [, issuer = ''] = /<saml:Issuer[^>]*>([^<]*)</.exec(xml) ?? [];
  return { id, acs, issuer, xml };
}

/** Of a redirect that carries it. */
export function inflateMessage(url: string | URL, name: 'SAMLRequest' | 'SAMLResponse'): string {
  return inflateRawSync(Buffer.from(new URL(url).searchParams.get(name)!, 'base64')).toString();
}

/** As an xs:dateTime, so many milliseconds from now. */
export function at(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

function attributes(values: Readonly<Record<string, readonly string[] | string | undefined>>): string {
  const given = Object.entries(values).filter(([, each]) => each !== undefined && each !== '');
  if (given.length === 0) return '';
  const one = ([name, each]: (typeof given)[number]) =>
    `<saml:Attribute Name="${name}">${[...(each as readonly string[])]
      .map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`)
      .join('')}</saml:Attribute>`;
  return `<saml:AttributeStatement>${given.map(one).join('')}</saml:AttributeStatement>`;
}

async function newKey(): Promise<SigningKey> {
  const { subtle } = webcrypto;
  const keys = (await subtle.generateKey({ ...rsa, modulusLength: 2048 }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    { name: 'CN=idp', keys, signingAlgorithm: rsa },
    webcrypto as never,
  );
  const der = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const privateKey = `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/g, '$1\n').trim()}\n-----END PRIVATE KEY-----\n`;
  return { privateKey, certificate: made.toString('pem') };
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;
