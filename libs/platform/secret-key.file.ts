import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError, createDurably } from '#kernel';

const size = 32;

/** A 32-byte key in a file of its own, made on first start, readable by this user alone. */
export async function secretKeyFile(path: string): Promise<Buffer> {
  const key = (await existing(path)) ?? (await made(path));
  if (key.length !== size)
    throw new AppError('CONFIG_INVALID', `${path} does not hold a key of 32 bytes: restore it or remove it`);
  return key;
}

function existing(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
}

/** Its own, or that of another process which was faster. */
async function made(path: string): Promise<Buffer> {
  await createDurably(path, randomBytes(size)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return readFile(path);
}
