import { roles, type Principal, type Role } from '#kernel';
import type { WeirConfig } from './config.schema.js';

/**
 * The API's roles of a principal: those that one of its groups maps to.
 * An agent is never an approver, whatever its groups: an approval is a person's yes or no.
 */
export function rolesOf(principal: Principal, groupsOf: WeirConfig['identity']['roles']): ReadonlySet<Role> {
  const held = roles.filter((role) => groupsOf[role].some((group) => principal.groups.includes(group)));
  return new Set(principal.kind === 'agent' ? held.filter((role) => role !== 'approver') : held);
}
