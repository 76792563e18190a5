import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser } from '../support/browser.js';
import { SamlIdp } from '../support/saml-idp.js';
import { IdentityHouse } from './identity.house.js';
import { SamlWay } from './saml.way.js';

let idp: SamlIdp;
let house: IdentityHouse;
let way: SamlWay;
beforeAll(async () => {
  idp = await SamlIdp.make();
  house = await IdentityHouse.start({ identity: `  saml:\n    - ${idp.entry('corp')}` });
  way = new SamlWay(house.url, idp);
});
afterAll(() => house.stop());

/** The one element of that name, whole. */
const part = (xml: string, tag: string) => new RegExp(`<${tag}[ >][^]*</${tag}>`).exec(xml)![0];
const without = (xml: string, piece: string) => xml.replace(piece, '');
/** A copy that says something else, under another id. */
const evil = (xml: string) =>
  xml
    .replace(/ ID="_[^"]*"/, ' ID="_evil"')
    .replace('>ann<', '>root<')
    .replace('>users<', '>security<');
const into = (xml: string, tag: string, piece: string) => xml.replace(`</${tag}>`, `${piece}</${tag}>`);

/** Of a signed assertion: itself, its signature, and it without. */
function assertionParts(xml: string) {
  const assertion = part(xml, 'saml:Assertion');
  const signature = part(assertion, 'ds:Signature');
  return { assertion, signature, bare: without(assertion, signature) };
}

/** The eight forms of Somorovsky et al., On Breaking SAML (2012), in the order in which test tools number them. */
const forms: Record<string, { signs: 'Response' | 'Assertion'; wrap: (xml: string) => string }> = {
  'XSW1: the signed response within the signature of a false one': {
    signs: 'Response',
    wrap: (xml) => {
      const signature = part(xml, 'ds:Signature');
      const original = without(xml, signature);
      return evil(xml).replace(signature, into(signature, 'ds:Signature', original));
    },
  },
  'XSW2: the signed response before the signature of a false one': {
    signs: 'Response',
    wrap: (xml) => {
      const signature = part(xml, 'ds:Signature');
      return evil(xml).replace(signature, without(xml, signature) + signature);
    },
  },
  'XSW3: a false assertion before the signed one': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, bare } = assertionParts(xml);
      return xml.replace(assertion, evil(bare) + assertion);
    },
  },
  'XSW4: the signed assertion within a false one': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, bare } = assertionParts(xml);
      return xml.replace(assertion, into(evil(bare), 'saml:Assertion', assertion));
    },
  },
  'XSW5: a false assertion with the signature, the original behind it': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, bare } = assertionParts(xml);
      return xml.replace(assertion, evil(assertion) + bare);
    },
  },
  'XSW6: a false assertion with the signature, the original within that': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, signature, bare } = assertionParts(xml);
      const wrapped = into(signature, 'ds:Signature', bare);
      return xml.replace(assertion, evil(assertion).replace(signature, wrapped));
    },
  },
  'XSW7: a false assertion in an extension': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, bare } = assertionParts(xml);
      return xml.replace(assertion, `<samlp:Extensions>${evil(bare)}</samlp:Extensions>${assertion}`);
    },
  },
  'XSW8: a false assertion with the signature, the original in an object of that': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, signature, bare } = assertionParts(xml);
      const wrapped = into(signature, 'ds:Signature', `<ds:Object>${bare}</ds:Object>`);
      return xml.replace(assertion, evil(assertion).replace(signature, wrapped));
    },
  },
  'the false one signed by nobody, the signed one in an extension': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, bare } = assertionParts(xml);
      return xml.replace(assertion, `${evil(bare)}<samlp:Extensions>${assertion}</samlp:Extensions>`);
    },
  },
  'the false one under the same id': {
    signs: 'Assertion',
    wrap: (xml) => {
      const { assertion, bare } = assertionParts(xml);
      return xml.replace(assertion, bare.replace('>ann<', '>root<') + assertion);
    },
  },
};

describe('signature wrapping', () => {
  it.each(Object.entries(forms))('%s', async (_, { signs, wrap }) => {
    const browser = new PlainBrowser();
    let signed = '';
    const to = await way.signIn((asked) => {
      const said = { groups: ['users'] };
      signed = idp.sign(idp.response(asked, said), 'Assertion');
      if (signs === 'Response') signed = idp.sign(idp.response(asked, said), 'Response');
      const wrapped = wrap(signed);
      expect(wrapped).toContain('>root<');
      expect(wrapped).toContain('>ann<');
      return wrapped;
    }, browser);
    expect(to).toBe('/sign-in?error=refused');
    expect(browser.cookie(house.url, 'weir')).toBeUndefined();
    // What was wrapped is right by itself, but for the response's whose assertion is unsigned.
    if (signs === 'Assertion') expect(await way.comeBack(browser, signed)).toBe('/approvals');
  });

  it.each(['Response', 'Assertion'])('also of a response with both signed, by the %s', async (which) => {
    for (const { signs, wrap } of Object.values(forms).filter((form) => form.signs === which)) {
      const answered = way.signIn((asked) => {
        const once = idp.sign(idp.response(asked, { groups: ['users'] }), 'Assertion');
        if (signs === 'Assertion') return idp.sign(wrap(once), 'Response');
        // Wrapped around the response's own signature, which comes first.
        const both = idp.sign(once, 'Response');
        const signature = /<ds:Signature [^]*?<\/ds:Signature>/.exec(both)![0];
        const original = without(both, signature);
        return evil(both).replace(signature, into(signature, 'ds:Signature', original));
      });
      expect(await answered).toBe('/sign-in?error=refused');
    }
  });
});
