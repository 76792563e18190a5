import { ALNUM, kind, kindAt, LOWER, SPACE, standsAt, TOKEN, UPPER, DIGIT } from './bytes.js';
import type { Range } from './span.js';

// Each detector is called at the rarest byte of its secret's fixed part, so that prose costs nothing.

/** JSON Web Token: `eyJ…` and at least two dots; `at` is the J. */
export function findJwt(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const first = at - 2;
  if (first < start || bytes[first] !== 0x65 || bytes[at - 1] !== 0x79) return undefined;
  if (kindAt(bytes, first - 1, start, end) & TOKEN) return undefined;
  let dots = 0;
  let last = at;
  for (; last < end; last++) {
    if (bytes[last] === 0x2e) dots++;
    else if (!(kind[bytes[last]!]! & TOKEN)) break;
  }
  return dots >= 2 && last - first >= 36 ? { start: first, end: last } : undefined;
}

const awsPrefixes = ['AKIA', 'ASIA', 'ABIA'];

/** AWS access key id: AKIA, ASIA or ABIA and 16 of A-Z, 0-9; `at` is the I. */
export function findAwsKey(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const first = at - 2;
  const isPrefix = awsPrefixes.some((prefix) => standsAt(bytes, first, end, prefix));
  if (first < start || !isPrefix || kindAt(bytes, first - 1, start, end) & ALNUM) return undefined;
  const last = endOf(bytes, first, end, UPPER | DIGIT);
  return last - first === 20 && !(kindAt(bytes, last, start, end) & LOWER)
    ? { start: first, end: last }
    : undefined;
}

/** Google API key: AIza and 35 of base64url; `at` is the z. */
export function findGoogleKey(bytes: Uint8Array, at: number, start: number, end: number): Range | undefined {
  const first = at - 2;
  if (first < start || !standsAt(bytes, first, end, 'AIza')) return undefined;
  // Inside a longer run nothing is looked at twice.
  if (kindAt(bytes, first - 1, start, end) & TOKEN) return undefined;
  const last = endOf(bytes, first, end, TOKEN);
  return last - first === 39 ? { start: first, end: last } : undefined;
}

/** Prefix and least length of what follows it. The prefix ends in the byte that triggers the look. */
const prefixes: readonly (readonly [string, number])[] = [
  // GitHub, Stripe, npm, PyPI, RubyGems, Hugging Face
  ['ghp_', 30], ['gho_', 30], ['ghu_', 30], ['ghs_', 30], ['ghr_', 30], ['github_pat_', 40],
  ['sk_live_', 16], ['sk_test_', 16], ['sk_prod_', 16], ['rk_live_', 16], ['rk_test_', 16], ['rk_prod_', 16],
  ['whsec_', 20], ['npm_', 36], ['pypi-', 50], ['rubygems_', 48], ['glc_', 40],
  // Slack, GitLab
  ['xoxb-', 10], ['xoxp-', 10], ['xoxa-', 10], ['xoxr-', 10], ['xoxs-', 10], ['xoxe-', 10], ['xoxo-', 10], ['xapp-', 10],
  ['glpat-', 20], ['gldt-', 20], ['glrt-', 20], ['glft-', 20], ['glsoat-', 20], ['glcbt-', 20], ['glimt-', 20],
  ['glptt-', 40], ['glffct-', 20], ['glagent-', 50], ['gloas-', 64],
  // Clouds and services: DigitalOcean, Shopify, Grafana, Linear, Notion, Supabase, Shippo, PlanetScale, Sentry, …
  ['dop_v1_', 64], ['doo_v1_', 64], ['dor_v1_', 64], ['shpat_', 32], ['shpca_', 32], ['shppa_', 32], ['shpss_', 32],
  ['glsa_', 32], ['lin_api_', 40], ['ntn_', 40], ['sbp_', 40], ['shippo_live_', 40], ['shippo_test_', 40],
  ['pscale_tkn_', 32], ['pscale_pw_', 32], ['pscale_oauth_', 32], ['sntryu_', 64], ['sntrys_', 60], ['rdme_', 70],
  ['sgp_', 40], ['tfp_', 40], ['figd_', 40], ['duffel_live_', 40], ['duffel_test_', 40], ['pnu_', 36],
  // OpenAI, Anthropic and their like; Perplexity, Pulumi, Square, Mailgun, Brevo, Postman, New Relic, age
  ['sk-', 32], ['pplx-', 40], ['pul-', 40], ['sq0atp-', 22], ['sq0csp-', 40], ['key-', 32], ['xkeysib-', 64],
  ['PMAK-', 50], ['NRAK-', 27], ['AGE-SECRET-KEY-', 58], ['tk-us-', 48], ['fo1_', 40], ['ops_', 250],
]; // prettier-ignore

/** Hugging Face's are letters alone as often as not: told by their length. */
const lengths = new Map([['hf_', 34], ['api_org_', 34]]); // prettier-ignore

/** By the byte before the one that triggers: few are left to compare. */
const prefixesBy: (readonly (readonly [string, number])[] | undefined)[] = [];
for (const entry of [...prefixes, ...lengths]) {
  const key = entry[0].charCodeAt(entry[0].length - 2);
  prefixesBy[key] = [...(prefixesBy[key] ?? []), entry];
}

/** A token of one of these services; `at` is the last byte of its prefix, an underscore or a hyphen. */
export function findPrefixedToken(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Range | undefined {
  if (at <= start) return undefined;
  for (const [prefix, least] of prefixesBy[bytes[at - 1]!] ?? []) {
    const first = at + 1 - prefix.length;
    if (first < start || !standsAt(bytes, first, end, prefix)) continue;
    if (kindAt(bytes, first - 1, start, end) & TOKEN) continue;
    const last = endOf(bytes, at + 1, end, TOKEN);
    // Random letters without a single digit are one in two hundred; names in code are many.
    const isOne = lengths.has(prefix)
      ? last - at - 1 === least
      : last - at > least && hasDigit(bytes, at + 1, last);
    if (isOne) return { start: first, end: last };
  }
  return undefined;
}

const pemBegin = '-----BEGIN ';
const pemEnd = '-----END ';

/** A private key in PEM, to the end of its END line, or of the value if that is missing; `at` is the first hyphen. */
export function findPem(bytes: Uint8Array, at: number, end: number): Range | undefined {
  if (!standsAt(bytes, at, end, pemBegin) || !isPrivate(bytes, at + pemBegin.length, end)) return undefined;
  for (let i = at + pemBegin.length; i < end; i++) {
    if (bytes[i] !== 0x2d || !standsAt(bytes, i, end, pemEnd)) continue;
    let last = i + pemEnd.length;
    while (last < end && bytes[last] !== 0x2d) last++;
    while (last < end && bytes[last] === 0x2d) last++;
    return { start: at, end: last };
  }
  return { start: at, end };
}

function isPrivate(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < from + 24 && i < end; i++) if (standsAt(bytes, i, end, 'PRIVATE KEY')) return true;
  return false;
}

/** `scheme://user:password@host`: the password; `at` is the colon of `://`. */
export function findUrlPassword(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Range | undefined {
  if (!standsAt(bytes, at, end, '://') || !(kindAt(bytes, at - 1, start, end) & ALNUM)) return undefined;
  if (standsAt(bytes, at + 3, end, slackHook)) return slackPath(bytes, at + 3 + slackHook.length, end);
  let colon = 0;
  for (let i = at + 3; i < end && i < at + 515; i++) {
    const byte = bytes[i]!;
    if (byte === 0x40) return colon > 0 && i > colon + 1 ? { start: colon + 1, end: i } : undefined;
    if (byte === 0x3a && colon === 0) colon = i;
    if (byte === 0x2f || byte === 0x3f || byte === 0x23 || byte === 0x22 || kind[byte]! & SPACE)
      return undefined;
  }
  return undefined;
}

const slackHook = 'hooks.slack.com/services/';

/** Whoever has a webhook's path may post: `T…/B…/…`. */
function slackPath(bytes: Uint8Array, first: number, end: number): Range | undefined {
  let last = first;
  while (last < end && (kind[bytes[last]!]! & TOKEN || bytes[last] === 0x2f)) last++;
  return last - first >= 20 ? { start: first, end: last } : undefined;
}

function hasDigit(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (kind[bytes[i]!]! & DIGIT) return true;
  return false;
}

function endOf(bytes: Uint8Array, from: number, end: number, bits: number): number {
  let last = from;
  while (last < end && kind[bytes[last]!]! & bits) last++;
  return last;
}
