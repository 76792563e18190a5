import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/** Milliseconds. A provider has less for all its answers together: whoever claimed before that has died since. */
export const claimLife = 90_000;

/**
 * The one right, among all processes on a folder, to do what the file at `path` stands for. Resolves to what gives it
 * back; undefined while another process has it.
 */
export async function claim(path: string): Promise<(() => Promise<void>) | undefined> {
  const mine = randomUUID();
  if (!(await create(path, mine))) {
    await clearDead(path, mine);
    if (!(await create(path, mine))) return undefined;
  }
  return async () => {
    const owner = await readFile(path, 'utf8').catch(() => undefined);
    if (owner === mine) await rm(path, { force: true });
  };
}

/** True for a file that nobody has written to for so long, by the file system's clock. */
export async function isLeftBehind(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > claimLife;
}

async function create(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Two may find the same dead claim: what the slower moves away is the quicker one's own, and goes back. */
async function clearDead(path: string, mine: string): Promise<void> {
  if (!(await isLeftBehind(path))) return;
  const moved = `${path}.${mine}`;
  const isMoved = await rename(path, moved).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  if (!(await isLeftBehind(moved))) await link(moved, path).catch(() => undefined);
  await rm(moved, { force: true });
}
