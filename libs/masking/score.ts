import type { Span } from './span.js';

/**
 * How sure a finding is; a rank, no probability:
 * 1.0  verified by itself: a checksum (card, IBAN), or a secret's own fixed form;
 * 0.8  its form, and a word near it that says so (`phone`, `ssn`, `password`), or an e-mail address;
 * 0.6  its form alone, or a pattern of one's own.
 */
export type Score = 1 | 0.8 | 0.6;

/** Bytes before a finding in which such a word counts. */
const reach = 48;

const contexts: Readonly<Record<string, RegExp>> = {
  phone: /phone|mobile|\bcell|\btel|\bfax|\bcall|whatsapp|\bsms\b|contact|dial|reach/i,
  ssn: /\bssn\b|social.?sec|\bitin\b|taxpayer|tax.?id/i,
};

/** The score of what was found in a value. */
export function scoreOf({ class: name, start }: Span, value: Uint8Array): Score {
  if (name === 'card' || name === 'iban') return 1;
  if (name === 'email') return 0.8;
  const before = Buffer.from(value.subarray(Math.max(0, start - reach), start)).toString('latin1');
  // A value behind `password=` or in a URL is told by its place; all other secrets tell it themselves.
  if (name === 'secret') return /[=:]\s*["']?$/.test(before) && !/:\/\/$/.test(before) ? 0.8 : 1;
  return contexts[name]?.test(before) ? 0.8 : 0.6;
}
