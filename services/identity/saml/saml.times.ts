import type { XmlElement } from '@xmldom/xmldom';
import { attribute, refused } from './strict-xml.js';

const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** Milliseconds since the epoch; undefined where the attribute is absent. SAML's times are UTC (core 2.0, section 1.3.3). */
export function timeIn(element: XmlElement, name: string): number | undefined {
  const text = attribute(element, name);
  if (text === undefined) return undefined;
  const time = shape.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw refused(`${name} of ${element.localName} is not a time`);
  return time;
}

/** Throws SignInFailure outside of NotBefore and NotOnOrAfter, where they are given. */
export function expectNow(element: XmlElement, now: number, skew: number): void {
  if (now + skew < (timeIn(element, 'NotBefore') ?? -Infinity))
    throw refused(`${element.localName} is not valid yet`);
  if (now - skew >= (timeIn(element, 'NotOnOrAfter') ?? Infinity))
    throw refused(`${element.localName} has expired`);
}

/** Throws SignInFailure where it was not issued within `life` milliseconds. Returns when it was. */
export function expectNews(element: XmlElement, now: number, skew: number, life: number): number {
  const issued = timeIn(element, 'IssueInstant');
  if (issued === undefined || issued > now + skew || issued + life + skew <= now)
    throw refused(`${element.localName} was not issued just now`);
  return issued;
}
