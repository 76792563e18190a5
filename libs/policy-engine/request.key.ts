import type { Principal } from '#kernel';
import type { ConnectionRef, DecisionContext, DecisionRequest, ResolvedAccess } from './verdict.js';

/*
 * key:  principal connection accesses context
 * Each text goes in with its length before it, each list with its count: two different requests cannot read
 * the same. Built anew on every call rather than remembered by object: a principal whose groups were changed in
 * place would otherwise keep its old verdict.
 */
export function requestKey(
  { principal, connection, accesses, context }: DecisionRequest,
  read: ReadonlySet<keyof DecisionContext>,
  withColumns: boolean,
): string {
  let key = identityKey(principal, connection) + accesses.length;
  for (const access of accesses) key += accessKey(access, withColumns);
  for (const attribute of read) {
    const value = context[attribute];
    key += typeof value === 'object' ? list(value) : text(String(value));
  }
  return key;
}

/** Who on which connection; the whole key where nothing else counts. */
export function identityKey(principal: Principal, connection: ConnectionRef): string {
  const { id, kind, issuer, subject, onBehalfOf, groups } = principal;
  const person = onBehalfOf === undefined ? '-' : text(onBehalfOf);
  return (
    kind +
    text(id) +
    text(issuer) +
    text(subject) +
    person +
    list(groups) +
    text(connection.name) +
    text(connection.protocol) +
    text(connection.owner)
  );
}

function accessKey({ action, relation, where, columns }: ResolvedAccess, withColumns: boolean): string {
  const name = relation ? text(relation.schema) + text(relation.name) : '-';
  return `${action}${name}${where ?? '-'}${withColumns ? list(columns) : ''}`;
}

export function list(values: readonly string[]): string {
  let key = `${values.length}[`;
  for (const value of values) key += text(value);
  return key;
}

function text(value: string): string {
  return `${value.length}:${value}`;
}
