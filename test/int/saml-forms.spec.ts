import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser, type Me } from '../support/browser.js';
import { json } from '../support/json.js';
import { SamlIdp, type Signing } from '../support/saml-idp.js';
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

const said = { groups: ['dba', 'x&amp;y &lt;z&gt;'], displayName: 'Ånn' };
const typed = (xml: string) =>
  xml
    .replace('<saml:Assertion ', '<saml:Assertion xmlns:xs="http://www.w3.org/2001/XMLSchema" ')
    .replaceAll(
      '<saml:AttributeValue>',
      '<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">',
    );
const unprefixed = (xml: string) =>
  xml
    .replace(/(<saml:Assertion) xmlns:saml=/, '$1 xmlns=')
    .replace(/<saml:Assertion[^]*<\/saml:Assertion>/, (part) => part.replaceAll('saml:', ''));
const pretty = (xml: string) => xml.replace(/></g, '>\n    <');
const carriageReturns = (xml: string) =>
  xml.replace(
    /(<ds:SignatureValue>)([^<]*)/,
    (_, tag: string, value: string) => tag + value.replace(/(.{76})/g, '$1&#13;\n'),
  );

/** How products write what means the same: written by hand after their documentation, not by them. */
describe('a response', () => {
  it.each<[string, (xml: string) => string, Signing, (xml: string) => string]>([
    ['with types of values, their prefix named in the signature', typed, { inclusive: ['xs'] }, same],
    ['with namespaces that need no prefix', unprefixed, { prefix: '' }, same],
    ['with lines and indents', pretty, {}, same],
    ['with Windows line ends in its signatures', same, {}, carriageReturns],
  ])('is taken %s', async (_, write, signing, change) => {
    for (const names of [['Assertion'], ['Assertion', 'Response']]) {
      const browser = new PlainBrowser();
      const to = await way.signIn((asked) => {
        const written = write(idp.response(asked, said));
        return names.reduce((xml, name) => change(idp.sign(xml, name, signing)), written);
      }, browser);
      expect(to).toBe('/approvals');
      const me = await json<Me>(await browser.ask(`${house.url}/api/identity/me`));
      expect(me).toMatchObject({ id: 'corp:ann', groups: ['dba', 'x&y <z>'], displayName: 'Ånn' });
    }
  });
});

function same(xml: string): string {
  return xml;
}
