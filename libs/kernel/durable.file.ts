import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A write takes milliseconds: a draft this old belongs to nobody who lives. Milliseconds. */
const abandonedAfter = 60_000;
let drafts = 0;

/**
 * Puts a file in the place of what was there. A reader sees the old one or the new one, whole, and once this resolves a
 * power cut takes neither back. Several may write at once: one of them is last. The mode
 * holds from the first byte. What it throws is the file system's, and then the old file is still there.
 */
export async function writeDurably(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const draft = `${path}.${process.pid}-${++drafts}.new`;
  try {
    await writeSynced(draft, data, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
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
