import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { PrincipalSchema, type WirePrincipal } from '#events';
import type { Principal } from '#kernel';

/** The kernel's principal as an event carries it. */
export function toWirePrincipal(principal: Principal): WirePrincipal {
  const init: MessageInitShape<typeof PrincipalSchema> = {
    id: principal.id,
    issuer: principal.issuer,
    subject: principal.subject,
    kind: principal.kind,
    groups: [...principal.groups],
    onBehalfOf: principal.onBehalfOf ?? '',
    displayName: principal.displayName ?? '',
  };
  return create(PrincipalSchema, init);
}

/** An event's principal as the kernel's; undefined where it has none: who is not named has no rights. */
export function fromWirePrincipal(wire: WirePrincipal | undefined): Principal | undefined {
  if (!wire?.id) return undefined;
  return {
    id: wire.id,
    issuer: wire.issuer,
    subject: wire.subject,
    kind: wire.kind === 'person' ? 'person' : 'agent', // what is not plainly a person may do less
    groups: wire.groups,
    ...(wire.onBehalfOf ? { onBehalfOf: wire.onBehalfOf } : {}),
    ...(wire.displayName ? { displayName: wire.displayName } : {}),
  };
}

/**
 * True if both act as or for the same person. The same subject at another issuer counts as the same person:
 * taking a namesake for the requester costs a colleague's click, the reverse costs invariant 6.
 */
export function isSamePerson(a: Principal, b: Principal): boolean {
  const persons = personsOf(a);
  return [...personsOf(b)].some((person) => persons.has(person));
}

/** True if `id` is who acts here, or in whose name; as `isSamePerson`. */
export function isThemselves(by: Principal, id: string): boolean {
  return personsOf(by).has(folded(subjectOf(id)));
}

function personsOf({ subject, onBehalfOf }: Principal): Set<string> {
  return new Set((onBehalfOf === undefined ? [subject] : [subject, subjectOf(onBehalfOf)]).map(folded));
}

/** As people read it: two providers, or one over two protocols, may spell one person differently. */
function folded(subject: string): string {
  return subject
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Z}]+/gu, '')
    .toLowerCase();
}

/** An id is `<issuer name>:<subject>`, and an issuer's name has no colon. */
function subjectOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}
