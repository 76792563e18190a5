import {
  ConnectionRegisteredSchema,
  ConnectionRemovedSchema,
  MaskingPublishedSchema,
  newEvent,
  PoliciesPublishedSchema,
  type Connection,
  type Envelope,
} from '#events';
import { toWirePrincipal, type SetOwner } from '#domain';
import type { Clock, Principal } from '#kernel';
import type { MaskingSet, PolicySet } from './file-sets.js';

/** Who writes and in whose name; no `by`: the house itself, at start or on SIGHUP. */
export interface Author {
  readonly source: string;
  readonly clock: Clock;
  readonly by: Principal | undefined;
  /** A commit, ticket or the like, as given; '' for none. */
  readonly changeReference: string;
  /** For a retry: the same id is the same event. */
  readonly id?: string;
  /** The event that it replaces, '' for none: it counts only while that one stands. Absent: it counts anyway. */
  readonly replaces?: string;
}

export function registered(connection: Connection, owner: SetOwner, author: Author): Envelope {
  return newEvent(
    ConnectionRegisteredSchema,
    { connection, owner, ...saidBy(author), ...replacing(author) },
    origin(author, connection.name),
  );
}

export function removed(name: string, owner: SetOwner, author: Author): Envelope {
  const data = { name, owner, ...saidBy(author), ...replacing(author) };
  return newEvent(ConnectionRemovedSchema, data, origin(author, name));
}

export function policiesPublished({ version, files }: PolicySet, owner: SetOwner, author: Author): Envelope {
  const data = { version, files: [...files], owner, ...saidBy(author), ...replacing(author) };
  return newEvent(PoliciesPublishedSchema, data, origin(author, 'policies'));
}

export function maskingPublished(
  { version, rulesJson }: MaskingSet,
  owner: SetOwner,
  author: Author,
): Envelope {
  const data = { version, rulesJson, owner, ...saidBy(author) };
  return newEvent(MaskingPublishedSchema, data, origin(author, 'masking'));
}

function saidBy({ by, changeReference }: Author) {
  return { changeReference, ...(by === undefined ? {} : { by: toWirePrincipal(by) }) };
}

function replacing({ replaces }: Author) {
  return replaces === undefined ? {} : { replaces };
}

function origin({ source, clock, id }: Author, subject: string) {
  return { source, clock, subject, ...(id === undefined ? {} : { id }) };
}
