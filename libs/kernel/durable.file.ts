import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A write takes milliseconds: a draft this old belongs to nobody who lives. Milliseconds. */
const abandonedAfter = 60_000;

/**
 * Puts a file in the place of what was there. A reader sees the old one or the new one, whole, and once this resolves a
 * power cut takes neither back. Several may write at once: one of them is last. The mode
 * holds from the first byte. What it throws is the file system's, and then the old file is still there.
 */
export async function writeDurably(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const draft = draftOf(path);
  try {
    await writeSynced(draft, data, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Makes a file where none is, and the folders above it (0700). It is there whole or not at all, also for those who look
 * meanwhile, and once this resolves a power cut does not take it back. Of several who make it at once one does; the others,
 * and who comes later, get EEXIST.
 */
export async function createDurably(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const draft = draftOf(path);
  await makeFolder(dirname(path));
  try {
    await writeSynced(draft, data, mode);
    await link(draft, path); // a rename would replace what another has made
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
}

/** Removes what processes that died in the middle of a write left in these folders; one that is missing is no error. */
export async function sweepDrafts(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const files = await readdir(folder).catch(() => []);
    for (const file of files.filter((name) => name.endsWith('.new')))
      await removeAbandoned(join(folder, file));
  }
}

/** By chance: in a container every start has the same process id, and may find what the last one left. */
function draftOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.new`;
}

async function makeFolder(path: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true, mode: 0o700 });
  if (topmost === undefined) return;
  for (let made = path; made.length >= topmost.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function removeAbandoned(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && Date.now() - found.mtimeMs > abandonedAfter) await rm(path, { force: true });
}

async function writeSynced(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The new name is durable with its folder. Where that can't be opened or synced (some network mounts), it is as it is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
