import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AppError } from '#kernel';

/**
 * The value behind `env:NAME` or `file:PATH` (relative to the file that names it; one trailing newline is
 * dropped); anything else is the value itself. A missing one is CONFIG_INVALID and names the reference,
 * never a value.
 */
export function resolveSecret(value: string, file: string, env: NodeJS.ProcessEnv = process.env): string {
  if (value.startsWith('env:')) return fromEnvironment(value.slice('env:'.length), env);
  if (value.startsWith('file:')) return fromFile(resolve(dirname(file), value.slice('file:'.length)));
  return value;
}

/** True for `env:NAME` and `file:PATH`, false for a literal. */
export function isSecretReference(value: string): boolean {
  return value.startsWith('env:') || value.startsWith('file:');
}

function fromEnvironment(name: string, env: NodeJS.ProcessEnv): string {
  const value = env[name];
  if (value === undefined || value === '')
    throw new AppError('CONFIG_INVALID', `env:${name}: the environment variable ${name} is not set`);
  return value;
}

function fromFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new AppError('CONFIG_INVALID', `file:${path}: the file ${reason}`, { cause });
  }
}
