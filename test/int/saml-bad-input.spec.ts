import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser } from '../support/browser.js';
import { SamlIdp, type Said, type Signing } from '../support/saml-idp.js';
import { IdentityHouse } from './identity.house.js';
import { leave, post, SamlWay } from './saml.way.js';

let idp: SamlIdp;
let house: IdentityHouse;
let way: SamlWay;
let strict: SamlWay;
beforeAll(async () => {
  idp = await SamlIdp.make();
  const entries = [idp.entry('corp'), idp.entry('strict', { signedResponse: true })];
  house = await IdentityHouse.start({
    identity: `  saml:\n${entries.map((entry) => `    - ${entry}`).join('\n')}`,
  });
  way = new SamlWay(house.url, idp);
  strict = new SamlWay(house.url, idp, 'strict');
});
afterAll(() => house.stop());

/** The answer leads to the sign-in page with that word, and leaves nobody signed in. */
async function refuses(code: string, answer: (asked: URL) => string | Uint8Array, at = way): Promise<void> {
  const browser = new PlainBrowser();
  const to = await at.signIn(answer, browser);
  expect(to.replace('&to=%2Fapprovals', '')).toBe(`/sign-in?error=${code}`);
  expect(browser.cookie(house.url, 'weir')).toBeUndefined();
}

const [evil, own] = ['https://evil.example', 'https://idp.example/saml'];

describe('what a provider says, rightly signed', () => {
  it.each<[string, Said]>([
    ['as it should be', {}],
    ['with a clock that is a little ahead', { issued: 20_000, responseIssued: 20_000, notBefore: 20_000 }],
    ['with a clock that is a little behind', { notOnOrAfter: -20_000, confirmedUntil: -20_000 }],
    ['with a mail address as the name', nameId('ann@corp.example', '1.1', 'emailAddress')],
    ['with a name of no stated kind', nameId('ann', '1.1', 'unspecified')],
    ['with a name in any script', { nameId: 'Ånn Łee 李' }],
    ['of one use only', { condition: '<saml:OneTimeUse/>' }],
  ])('is taken %s', async (_, said) => expect(await way.say(said)).toBe('/approvals'));

  it.each<[string, string, Said]>([
    ['for another audience', 'refused', { audience: 'https://other.example' }],
    [
      'for an audience that ours is a part of',
      'refused',
      { audience: 'https://x/api/identity/saml/corp/metadata' },
    ],
    ['for another destination', 'refused', { destination: 'https://other.example/acs' }],
    ['for another recipient', 'refused', { recipient: 'https://other.example/acs' }],
    ['to what nobody asked', 'mismatch', { inResponseTo: '_somebody-elses' }],
    ['to nothing: begun at the provider', 'refused', { inResponseTo: undefined }],
    ['to two questions', 'mismatch', { subjectInResponseTo: '_somebody-elses' }],
    ['in the name of another issuer', 'refused', { issuer: 'https://evil.example' }],
    ['in the name of another issuer, in our own response', 'refused', { issuer: evil, responseIssuer: own }],
    ['in a response of another issuer', 'refused', { responseIssuer: 'https://evil.example' }],
    ['too late', 'refused', { notOnOrAfter: -40_000 }],
    ['too late to be confirmed', 'refused', { confirmedUntil: -40_000 }],
    ['too early', 'refused', { notBefore: 40_000 }],
    ['of long ago, however long it is to hold', 'refused', { issued: -11 * 60_000, notBefore: -11 * 60_000 }],
    ['of the future', 'refused', { issued: 60_000 }],
    ['in a response of long ago', 'refused', { responseIssued: -11 * 60_000 }],
    ["after the provider's session", 'refused', { sessionEnds: -1_000 }],
    ['with a condition that is not understood', 'refused', { condition: '<saml:Condition/>' }],
    ['with conditions twice', 'refused', { more: '<saml:Conditions/>' }],
    ['with a name that is another one each time', 'refused', nameId('_x', '2.0', 'transient')],
    ['with a name of a kind that is not known', 'refused', nameId('cn=ann', '1.1', 'X509SubjectName')],
    ['with an empty name', 'refused', { nameId: '' }],
    ['with a name of spaces around', 'refused', { nameId: ' ann' }],
    ['with a line break in the name', 'refused', { nameId: 'ann&#10;root' }],
    ['with letters in the name that nobody sees', 'refused', { nameId: 'a\u200bnn' }],
    ['with a name of 256 letters', 'refused', { nameId: 'a'.repeat(256) }],
    ['with elements in the name', 'refused', { nameId: 'ann<x xmlns="">.evil</x>' }],
    ['with a group of elements', 'refused', { groups: ['<x xmlns="">security</x>'] }],
    ['that it failed', 'refused', { status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' }],
    ['that it denies', 'denied', { status: 'urn:oasis:names:tc:SAML:2.0:status:RequestDenied' }],
  ])('is not taken %s', (_, code, said) => refuses(code, (asked) => idp.signedResponse(asked, said)));
});

describe('who signed', () => {
  const rsa = (hash: string) => `http://www.w3.org/2001/04/xmldsig-more#rsa-${hash}`;
  const both = (asked: URL, signing: Signing) =>
    idp.sign(idp.sign(idp.response(asked), 'Assertion', signing), 'Response', signing);

  it.each<[string, () => Signing]>([
    ['the key that it changes to', () => ({ key: idp.nextKey })],
    ['SHA-512', () => ({ signature: rsa('sha512'), digest: 'http://www.w3.org/2001/04/xmlenc#sha512' })],
    ['PSS', () => ({ signature: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1' })],
  ])('is believed with %s', async (_, signing) => {
    expect(await way.signIn((asked) => both(asked, signing()))).toBe('/approvals');
  });

  const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
  it.each<[string, () => Signing]>([
    ["somebody else's key, with its certificate", () => ({ key: idp.otherKey })],
    ['SHA-1', () => ({ signature: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' })],
    ['a SHA-1 digest', () => ({ digest: 'http://www.w3.org/2000/09/xmldsig#sha1' })],
    [
      'HMAC, with the certificate as its secret',
      () => ({
        signature: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
        key: { ...idp.key, privateKey: idp.key.certificate },
      }),
    ],
    ['comments within what is signed', () => ({ canonical: `${exclusive}WithComments` })],
    ['comments within the canonical form', () => ({ transforms: [enveloped, `${exclusive}WithComments`] })],
    ['another canonical form', () => ({ canonical: inclusive })],
    ['other transforms', () => ({ transforms: [enveloped, inclusive] })],
    ['more transforms', () => ({ transforms: [enveloped, exclusive, exclusive] })],
    ['no transforms but one', () => ({ transforms: [exclusive] })],
  ])('is not believed with %s', (_, signing) => refuses('refused', (asked) => both(asked, signing())));

  it('must be of the assertion, whatever else is signed', async () => {
    await refuses('refused', (asked) => idp.response(asked));
    await refuses('refused', (asked) => idp.sign(idp.response(asked), 'Response'));
    expect(await way.signIn((asked) => idp.sign(idp.response(asked), 'Assertion'))).toBe('/approvals');
  });

  it('must be of the response, too, where that is asked for', async () => {
    await refuses('refused', (asked) => idp.sign(idp.response(asked), 'Assertion'), strict);
    await refuses('refused', (asked) => idp.sign(idp.response(asked), 'Response'), strict);
    expect(await strict.signIn((asked) => idp.signedResponse(asked))).toBe('/approvals');
  });

  it('is not believed of the assertion where the signature of the response is wrong', () =>
    refuses('refused', (asked) =>
      idp.sign(idp.sign(idp.response(asked), 'Assertion'), 'Response', { key: idp.otherKey }),
    ));

  it.each<[string, (xml: string) => string]>([
    ['without its value', (xml) => xml.replace(/<ds:SignatureValue>[^<]*</, '<ds:SignatureValue><')],
    ['with the algorithm none', (xml) => xml.replace(rsa('sha256'), 'none')],
    ['with no algorithm', (xml) => xml.replace(` Algorithm="${rsa('sha256')}"`, '')],
    ['of the whole document', (xml) => xml.replace(/URI="#_[^"]*"/, 'URI=""')],
    ['of something else', (xml) => xml.replace(/URI="#_[^"]*"/, 'URI="#_evil"')],
    ['of an id that is an expression', (xml) => xml.replace(/URI="#_[^"]*"/, `URI="#_a' or '1'='1"`)],
    ['with two SignedInfo, the first one false (CVE-2025-29774)', (xml) => twoSignedInfo(xml, 'before')],
    ['with two SignedInfo, the last one false (CVE-2025-29774)', (xml) => twoSignedInfo(xml, 'after')],
    [
      'with a comment in the digest (CVE-2025-29775)',
      (xml) => xml.replace('<ds:DigestValue>', '<ds:DigestValue><!--AAAA-->'),
    ],
    [
      'with two digests',
      (xml) => xml.replace('</ds:Reference>', '<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>'),
    ],
    ['with two references', (xml) => xml.replace(/<ds:Reference [^]*<\/ds:Reference>/, '$&$&')],
    ['twice', (xml) => xml.replace(/<ds:Signature [^]*<\/ds:Signature>/, '$&$&')],
    ['with an object', (xml) => xml.replace('</ds:Signature>', '<ds:Object/></ds:Signature>')],
    ['with another namespace', (xml) => xml.replace('2000/09/xmldsig#"', '2000/09/xmldsig"')],
  ])('is not believed of a signature %s', (_, change) =>
    refuses('refused', (asked) => {
      const signed = idp.sign(idp.response(asked), 'Assertion');
      expect(change(signed)).not.toBe(signed);
      return change(signed);
    }),
  );
});

describe('a document that was changed after it was signed', () => {
  const xxe = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>';
  const laughs = `<!DOCTYPE r [<!ENTITY a0 "ha">${Array.from(
    { length: 30 },
    (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`,
  ).join('')}]>`;
  it.each<[string, (xml: string) => string | Uint8Array]>([
    [
      'a comment in the name (CVE-2017-11427, CVE-2025-54419)',
      (xml) => xml.replace('>ann.evil<', '>ann<!---->.evil<'),
    ],
    ['CDATA in the name', (xml) => xml.replace('>ann.evil<', '>ann<![CDATA[.evil]]><')],
    ['an instruction in the name', (xml) => xml.replace('>ann.evil<', '>ann<?x y?>.evil<')],
    ['a shorter name (CVE-2025-54419)', (xml) => xml.replace('>ann.evil<', '>ann<')],
    ['another group (CVE-2025-54369)', (xml) => xml.replace('>users<', '>security<')],
    ['another attribute', (xml) => xml.replace('</saml:AttributeStatement>', `${attribute}$&`)],
    ['two assertions', (xml) => xml.replace(/<saml:Assertion [^]*<\/saml:Assertion>/, '$&$&')],
    [
      'an encrypted assertion beside it',
      (xml) => xml.replace('<saml:Assertion ', '<saml:EncryptedAssertion/>$&'),
    ],
    [
      'an assertion of another namespace beside it',
      (xml) => xml.replace('<saml:Assertion ', '<Assertion xmlns="x"/>$&'),
    ],
    ['the same id twice', (xml) => xml.replace('<samlp:Status>', `<samlp:Status id="${idOf(xml)}">`)],
    ['two roots (CVE-2022-39353)', (xml) => `<a/>${xml}`],
    ['two roots, the true one first', (xml) => `${xml}${xml.replace('>ann.evil<', '>root<')}`],
    ['text behind the root', (xml) => `${xml}x`],
    ['a document type', (xml) => `<!DOCTYPE r>${xml}`],
    ['an external entity (XXE)', (xml) => `${xxe}${xml.replace('>ann.evil<', '>&x;<')}`],
    ['entities of entities (billion laughs)', (xml) => `${laughs}${xml.replace('>ann.evil<', '>&a30;<')}`],
    ['an entity that nobody declared', (xml) => xml.replace('>ann.evil<', '>ann&evil;<')],
    ['an attribute twice', (xml) => xml.replace('<saml:NameID ', '<saml:NameID Format="x" ')],
    ['an attribute without quotes', (xml) => xml.replace('<samlp:Status>', '<samlp:Status x=y>')],
    ['an element that is not closed', (xml) => xml.replace('</samlp:Response>', '')],
    ['UTF-16', (xml) => Buffer.from(`\ufeff${xml}`, 'utf16le')],
    ['a claim of another encoding', (xml) => `<?xml version="1.0" encoding="utf-7"?>${xml}`],
    ['bytes that are no UTF-8', (xml) => Buffer.concat([Buffer.from(xml), Buffer.of(0xc3, 0x28)])],
    ['a NUL', (xml) => xml.replace('>ann.evil<', '>ann\u0000.evil<')],
    [
      'elements in elements in elements',
      (xml) => xml.replace('<samlp:Status>', `$&${'<a>'.repeat(5_000)}${'</a>'.repeat(5_000)}`),
    ],
    ['very many elements', (xml) => xml.replace('<samlp:Status>', `$&${'<a/>'.repeat(20_000)}`)],
    ['too many bytes', (xml) => xml.replace('<samlp:Status>', `$&<a>${'a'.repeat(300_000)}</a>`)],
  ])('is refused: %s', (_, change) =>
    refuses('refused', (asked) => {
      const signed = idp.sign(idp.response(asked, { nameId: 'ann.evil', groups: ['users'] }), 'Assertion');
      const changed = change(signed);
      expect(changed).not.toBe(signed);
      return changed;
    }),
  );

  it.each<[string, (xml: string) => string]>([
    ['declared as XML', (xml) => `<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n`],
    ['with Windows line ends between', (xml) => xml.replace('<samlp:Status>', '\r\n$&')],
    ['with many groups', (xml) => xml],
  ])('is taken unchanged, %s', async (_, change) => {
    const groups = Array.from({ length: 400 }, (__, i) => `CN=group-${i},OU=Groups,DC=corp,DC=example`);
    const to = await way.signIn((asked) => change(idp.sign(idp.response(asked, { groups }), 'Assertion')));
    expect(to).toBe('/approvals');
  });
});

describe('what is posted', () => {
  const acs = (body: URLSearchParams, name = 'corp') =>
    fetch(`${house.url}/api/identity/saml/${name}/acs`, { method: 'POST', body, redirect: 'manual' });

  it.each(['', '!!!', 'PHg+', Buffer.from('no xml').toString('base64'), 'A'.repeat(500_000)])(
    'is no response: %#',
    async (text) => {
      const answer = await acs(new URLSearchParams({ SAMLResponse: text }));
      expect(answer.headers.get('location') ?? answer.status).toBe(
        text === '' ? 400 : '/sign-in?error=refused',
      );
    },
  );

  it('is too much to be read, or comes twice, or to nobody', async () => {
    const large = await acs(new URLSearchParams({ SAMLResponse: 'A'.repeat(2 ** 21) }));
    expect(large.status).toBe(413);
    const asked = await leave(new PlainBrowser(), house.url);
    const one = Buffer.from(idp.signedResponse(asked)).toString('base64');
    const twice = new URLSearchParams([
      ['SAMLResponse', one],
      ['SAMLResponse', one],
    ]);
    expect((await acs(twice)).status).toBe(400);
    expect((await acs(new URLSearchParams({ SAMLResponse: one }), 'nobody')).status).toBe(404);
    expect((await acs(new URLSearchParams({ SAMLResponse: one }))).headers.get('location')).toMatch(
      /finish\?code=/,
    );
  });

  it('may name any place in RelayState: nobody goes there', async () => {
    const browser = new PlainBrowser();
    const asked = await leave(browser, house.url);
    const to = await post(house.url, 'corp', idp.signedResponse(asked), {
      RelayState: 'https://evil.example/',
    });
    expect(to).toMatch(/^\/api\/identity\/saml\/corp\/finish\?code=[\w-]{43}$/);
    const done = await browser.ask(`${house.url}${to}&RelayState=https://evil.example/&to=//evil.example`);
    expect(done.headers.get('location')).toBe('/approvals');
  });
});

function nameId(name: string, version: '1.1' | '2.0', format: string): Said {
  return { nameId: name, nameIdFormat: `urn:oasis:names:tc:SAML:${version}:nameid-format:${format}` };
}

const attribute =
  '<saml:Attribute Name="groups"><saml:AttributeValue>security</saml:AttributeValue></saml:Attribute>';

function idOf(xml: string): string {
  return /<saml:Assertion [^>]*ID="([^"]*)"/.exec(xml)![1]!;
}

function twoSignedInfo(xml: string, where: 'before' | 'after'): string {
  const [info] = /<ds:SignedInfo>[^]*<\/ds:SignedInfo>/.exec(xml)!;
  const wrong = info.replace(/<ds:DigestValue>[^<]*</, `<ds:DigestValue>${'A'.repeat(43)}=<`);
  return xml.replace(info, where === 'before' ? wrong + info : info + wrong);
}
