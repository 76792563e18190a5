import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, newId, timeOfId, writeDurably } from '#kernel';
import { resolveSecret } from './config.secret.js';

/** What a connection says about its password: `env:NAME`, `file:PATH` (absolute), `literal:<stored name>`, or ''. */
export interface PasswordReference {
  readonly name: string;
  readonly passwordRef: string;
}

const stored = /^literal:([a-z0-9][a-z0-9_-]{0,62}\.[0-9a-z]+)$/;

/**
 * The password behind a connection's reference; '' where it has none. CONFIG_INVALID where it is missing: the
 * message names the connection and the reference, never a value.
 */
export async function resolveConnectionSecret(
  { name, passwordRef }: PasswordReference,
  sharedDir: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  if (passwordRef === '') return '';
  try {
    if (!passwordRef.startsWith('literal:')) return referenced(passwordRef, env);
    return await readFile(join(secretsDir(sharedDir), storedName(passwordRef)), 'utf8');
  } catch (cause) {
    const why = cause instanceof AppError ? cause.message : 'its stored password cannot be read';
    throw new AppError('CONFIG_INVALID', `connection ${name}: ${why}`, { cause });
  }
}

/**
 * Keeps a literal password in a file that only this user reads, and returns the reference that events carry.
 * Each call makes a new one, so that a changed password is a changed connection.
 */
export async function storeConnectionSecret(
  name: string,
  password: string,
  sharedDir: string,
): Promise<string> {
  const dir = secretsDir(sharedDir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = `${name}.${newId('s').slice(2)}`;
  const reference = `literal:${file}`;
  storedName(reference);
  await writeDurably(join(dir, file), password);
  return reference;
}

/** Removes a stored password; references to elsewhere, and one already gone, are left alone. */
export async function dropConnectionSecret(passwordRef: string, sharedDir: string): Promise<void> {
  if (!passwordRef.startsWith('literal:')) return;
  await rm(join(secretsDir(sharedDir), storedName(passwordRef)), { force: true });
}

/** The references of all stored passwords. */
export async function storedConnectionSecrets(sharedDir: string): Promise<string[]> {
  const files = await readdir(secretsDir(sharedDir)).catch(() => []);
  return files.map((file) => `literal:${file}`).filter((reference) => stored.test(reference));
}

/** When this reference was made, milliseconds since the epoch; it is durable before any event names it. */
export function connectionSecretStoredAt(passwordRef: string): number {
  return timeOfId(`_${storedName(passwordRef).split('.').at(-1)}`);
}

/** Only what stands plainly as a reference: a value that is none must not come back as a password. */
function referenced(reference: string, env: NodeJS.ProcessEnv): string {
  if (/^(env:|file:\/)/.test(reference)) return resolveSecret(reference, '/', env);
  throw new AppError('CONFIG_INVALID', 'its password reference is neither env:NAME nor file:/PATH');
}

/** The name comes from an event: nothing but a plain file of our own folder passes. */
function storedName(reference: string): string {
  const [, file] = stored.exec(reference) ?? [];
  if (file === undefined) throw new AppError('CONFIG_INVALID', 'its password reference is malformed');
  return file;
}

function secretsDir(sharedDir: string): string {
  return join(sharedDir, 'secrets');
}
