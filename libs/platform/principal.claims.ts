import type { JWTPayload } from 'jose';
import { AppError, type Principal } from '#kernel';
import type { OidcIssuerConfig } from './config.schema.js';

/**
 * Who acts, from a verified token's claims. What is called `sub` here is the issuer's `subjectClaim`, of the actor, too:
 * where that is another and a token lacks it, nobody is named by `sub` instead, since that would be a second name.
 *
 * Without `act`, the token's subject acts, and is an agent if one of its groups is in `agents`.
 *
 * With `act` (RFC 8693, section 4.1) the token's `sub` is the person in whose name things are done and
 * `act.sub` is who does them. So the principal is the actor, always an agent (a person needs no delegation),
 * and `onBehalfOf` is the person; the groups are those of the token, as its issuer gave them to this
 * delegation. Actors nested deeper are history and carry no rights.
 */
export function principalOf(claims: JWTPayload, issuer: OidcIssuerConfig): Principal {
  const { subjectClaim } = issuer;
  const subject = identifier(claims[subjectClaim], subjectClaim);
  const actor = actorOf(claims, subjectClaim);
  const groups = groupsOf(claims[issuer.groupsClaim]);
  const acting = actor ?? subject;
  const displayName = [claims['name'], claims['preferred_username'], claims['email']].find(isText);
  return {
    id: `${issuer.name}:${acting}`,
    issuer: issuer.name,
    subject: acting,
    kind: actor !== undefined || groups.some((group) => issuer.agents.includes(group)) ? 'agent' : 'person',
    groups,
    ...(actor === undefined ? {} : { onBehalfOf: `${issuer.name}:${subject}` }),
    ...(displayName === undefined ? {} : { displayName }),
  };
}

function actorOf(claims: JWTPayload, subjectClaim: string): string | undefined {
  const act = claims['act'];
  if (act === undefined) return undefined;
  if (typeof act !== 'object' || act === null) throw invalid('its act claim is not an object');
  if ('iss' in act && act.iss !== claims.iss) throw invalid('its actor is of another issuer');
  return identifier((act as Record<string, unknown>)[subjectClaim], `act.${subjectClaim}`);
}

/** An array of names, or one text of names between spaces or commas; anything else is no group. */
function groupsOf(claim: unknown): readonly string[] {
  const names: readonly unknown[] =
    typeof claim === 'string' ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
  return [...new Set(names.filter(isText))];
}

function identifier(value: unknown, claim: string): string {
  // Ids stand in records, log lines and terminals: no control characters, and none that nobody sees.
  if (!isText(value) || value.length > 255 || /[\p{Cc}\p{Cf}]|^\s|\s$/u.test(value))
    throw invalid(`its ${claim} is missing or malformed`);
  return value;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function invalid(reason: string): AppError {
  return new AppError('TOKEN_INVALID', `the token is not accepted: ${reason}`);
}
