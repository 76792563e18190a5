import type { XmlElement } from '@xmldom/xmldom';
import { transactionLife } from '../sign-in/sign-in.transaction.js';
import { expectMessage } from './saml.message.js';
import type { SamlSettings } from './saml.settings.js';
import { expectNow, timeIn } from './saml.times.js';
import { attribute, children, elementsOf, is, namespaces, onlyChild, refused, textOf } from './strict-xml.js';

const { assertion: saml } = namespaces;
const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

/** Names that stay a person's: `transient` is another one each time, and others are no name that policies could use. */
const nameFormats = [
  'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
];
const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';

const displayNames = [
  'displayName',
  'urn:oid:2.16.840.1.113730.3.1.241',
  'http://schemas.microsoft.com/identity/claims/displayname',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
  'name',
  'email',
  'urn:oid:1.2.840.113549.1.9.1',
];

/** What a provider says of a person, and to which question. */
export interface SamlStatement {
  readonly assertionId: string;
  readonly inResponseTo: string;
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly sessionIndex?: string;
  readonly groups: readonly string[];
  readonly displayName?: string;
  /** Milliseconds since the epoch: the provider wants the session over by then. */
  readonly sessionEndsAt?: number;
  /** Milliseconds since the epoch: from then on it is refused for its age, whoever sends it again. */
  readonly usableUntil: number;
}

/** `assertion` holds signed bytes alone. All that SAML asks of one (profiles 2.0, section 4.1.4.3). Throws SignInFailure. */
export function readAssertion(assertion: XmlElement, settings: SamlSettings, now: number): SamlStatement {
  const { config, skew } = settings;
  const assertionId = attribute(assertion, 'ID') ?? '';
  const issued = expectMessage(assertion, settings, now, { what: 'the assertion', life: transactionLife });
  readConditions(onlyChild(assertion, saml, 'Conditions'), settings, now);
  return {
    assertionId,
    usableUntil: issued + transactionLife + skew,
    ...readSubject(onlyChild(assertion, saml, 'Subject'), settings, now),
    ...readSession(onlyChild(assertion, saml, 'AuthnStatement'), now),
    ...readAttributes(assertion, config.groupsAttribute),
  };
}

/** The name as one text, exactly: what stands behind a comment or in an element is no part of it (CVE-2017-11427). */
export function readNameId(parent: XmlElement): Pick<SamlStatement, 'nameId' | 'nameIdFormat'> {
  const element = onlyChild(parent, saml, 'NameID');
  const [nameId, nameIdFormat] = [textOf(element), attribute(element, 'Format') ?? unspecified];
  if (!nameFormats.includes(nameIdFormat)) throw refused(`a NameID of format ${nameIdFormat} is not taken`);
  // Ids stand in records, log lines and terminals.
  if (nameId === '' || nameId.length > 255 || /\p{Cc}|^\s|\s$/u.test(nameId))
    throw refused('the NameID is empty or malformed');
  return { nameId, nameIdFormat };
}

function readSubject(subject: XmlElement, settings: SamlSettings, now: number) {
  const confirmation = onlyChild(subject, saml, 'SubjectConfirmation');
  if (attribute(confirmation, 'Method') !== bearer) throw refused('the subject is not confirmed by bearer');
  const data = onlyChild(confirmation, saml, 'SubjectConfirmationData');
  if (attribute(data, 'Recipient') !== settings.acsUrl)
    throw refused('the assertion is for another recipient');
  if (timeIn(data, 'NotOnOrAfter') === undefined) throw refused('the confirmation has no end');
  expectNow(data, now, settings.skew);
  const inResponseTo = attribute(data, 'InResponseTo');
  if (inResponseTo === undefined || inResponseTo === '') throw refused('nobody here asked for the assertion');
  return { ...readNameId(subject), inResponseTo };
}

/** A condition that isn't understood makes an assertion unusable (core 2.0, section 2.5.1). */
function readConditions(conditions: XmlElement, { entityId, skew }: SamlSettings, now: number): void {
  expectNow(conditions, now, skew);
  const known = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'];
  if (!elementsOf(conditions).every((each) => known.some((name) => is(each, saml, name))))
    throw refused('the assertion has a condition that is not understood');
  const restrictions = children(conditions, saml, 'AudienceRestriction');
  const isForUs = (each: XmlElement) => children(each, saml, 'Audience').some((a) => textOf(a) === entityId);
  if (restrictions.length === 0 || !restrictions.every(isForUs))
    throw refused('the assertion is for another audience');
}

function readSession(statement: XmlElement, now: number) {
  const sessionIndex = attribute(statement, 'SessionIndex');
  const sessionEndsAt = timeIn(statement, 'SessionNotOnOrAfter');
  if (sessionEndsAt !== undefined && sessionEndsAt <= now) throw refused("the provider's session is over");
  return {
    ...(sessionIndex === undefined ? {} : { sessionIndex }),
    ...(sessionEndsAt === undefined ? {} : { sessionEndsAt }),
  };
}

function readAttributes(assertion: XmlElement, groupsAttribute: string) {
  const values = new Map<string, string[]>();
  for (const statement of children(assertion, saml, 'AttributeStatement'))
    for (const each of children(statement, saml, 'Attribute')) {
      const name = attribute(each, 'Name') ?? '';
      const texts = children(each, saml, 'AttributeValue').map((value) => () => textOf(value));
      // Values that hold elements are read, and refused, only where they would count.
      if (name === groupsAttribute || displayNames.includes(name))
        values.set(name, [...(values.get(name) ?? []), ...texts.map((text) => text())]);
    }
  const displayName = displayNames.map((name) => values.get(name)?.[0]).find((text) => text?.trim());
  const groups = [...new Set(values.get(groupsAttribute))].filter((group) => group !== '');
  return { groups, ...(displayName === undefined ? {} : { displayName: displayName.slice(0, 255) }) };
}
