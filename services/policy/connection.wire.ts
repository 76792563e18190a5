import { create, equals } from '@bufbuild/protobuf';
import { dirname, resolve } from 'node:path';
import { ConnectionSchema, type Connection } from '#events';
import {
  isSecretReference,
  resolveConnectionSecret,
  storeConnectionSecret,
  type ConnectionConfig,
} from '#platform';

/** What a connection says apart from its password. */
export type ConnectionFacts = Omit<ConnectionConfig, 'password'>;

export function toWireConnection(facts: ConnectionFacts, passwordRef: string): Connection {
  const { tlsCa, ...rest } = facts;
  return create(ConnectionSchema, { ...rest, tlsCa: tlsCa ?? '', passwordRef });
}

/** An entry of weir.yaml as an event carries it: paths absolute, a literal password kept aside. */
export async function fromFile(
  entry: ConnectionConfig,
  known: Connection | undefined,
  place: { readonly file: string; readonly sharedDir: string },
): Promise<Connection> {
  const { password, tlsCa, ...rest } = entry;
  const ca = tlsCa === undefined ? {} : { tlsCa: absolute(tlsCa.replace(/^file:/, ''), place.file) };
  const passwordRef = await referenceTo(password, entry.name, known, place);
  return toWireConnection({ ...rest, ...ca }, passwordRef);
}

/** The reference for a password; a literal that is stored already keeps the one it has. */
export async function referenceTo(
  password: string,
  name: string,
  known: Connection | undefined,
  { file, sharedDir }: { readonly file: string; readonly sharedDir: string },
): Promise<string> {
  if (password === '') return '';
  if (password.startsWith('file:')) return `file:${absolute(password.slice('file:'.length), file)}`;
  if (isSecretReference(password)) return password;
  if (known && (await holds(known, password, sharedDir))) return known.passwordRef;
  return storeConnectionSecret(name, password, sharedDir);
}

export function sameConnection(a: Connection | undefined, b: Connection): boolean {
  return a !== undefined && equals(ConnectionSchema, a, b);
}

async function holds(known: Connection, password: string, sharedDir: string): Promise<boolean> {
  if (!known.passwordRef.startsWith('literal:')) return false;
  return resolveConnectionSecret(known, sharedDir).then(
    (stored) => stored === password,
    () => false, // lost: it is stored anew
  );
}

function absolute(path: string, file: string): string {
  return resolve(dirname(file), path);
}
