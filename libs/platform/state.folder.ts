import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, sweepDrafts } from '#kernel';
import type { WeirConfig } from './config.schema.js';

/** Where files are replaced as wholes; the log, the journal and the store have ways of their own. */
const withDrafts = [
  '',
  'tls',
  'keys',
  'approval-keys',
  'secrets',
  'page-sessions',
  'saml-answers',
  'journals',
  'demo',
];

/** The state directory, and the one that replicas share where that is another. Throws as below. */
export async function openStateFolders({ dataDir, sharedDir, eventLog }: WeirConfig): Promise<void> {
  if (sharedDir !== dataDir && eventLog.kind === 'embedded')
    throw new AppError('CONFIG_INVALID', 'an embedded log is in one state directory, WEIR_DATA, for all', {
      hint: 'leave WEIR_SHARED away and give all services the same WEIR_DATA; or use eventLog.kind kafka',
    });
  await openStateFolder(dataDir);
  if (sharedDir !== dataDir) await openStateFolder(sharedDir, 'WEIR_SHARED');
}

/**
 * Makes the state directory, or takes the one that is there: it becomes its owner's alone (0700), whatever it was. One that
 * belongs to somebody else, as a container's volume may, is taken if this process may write there and not everybody may
 * look in. Throws CONFIG_INVALID, with what to do.
 */
export async function openStateFolder(path: string, variable = 'WEIR_DATA'): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(path, `cannot be made (${cause.code})`, `name another with ${variable}`, cause);
  });
  await tighten(path, variable);
  await demandWritable(path);
  await sweepDrafts(...withDrafts.map((folder) => join(path, folder)));
}

async function tighten(path: string, variable: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  if ((mode & 0o1000) !== 0)
    throw unusable(path, 'is one that everybody writes to', `name a directory of its own with ${variable}`);
  await chmod(path, mode & 0o7700).catch((error: NodeJS.ErrnoException) => {
    if (!['EPERM', 'EROFS', 'ENOTSUP'].includes(error.code ?? '')) throw error;
  });
  // Some mounts say yes and do nothing; one that belongs to others stays as they have it.
  const left = await stat(path);
  if ((left.mode & 0o007) === 0) return;
  const octal = (left.mode & 0o777).toString(8).padStart(4, '0');
  throw unusable(
    path,
    `is open to every user of this machine (mode ${octal}, of user ${left.uid}), and this process (${whoAmI()}) may not change that`,
    `chmod o-rwx ${path}, or name another with ${variable}`,
  );
}

async function demandWritable(path: string): Promise<void> {
  const probe = join(path, `.${process.pid}.new`);
  try {
    await writeFile(probe, '', { mode: 0o600 });
    await rm(probe, { force: true });
  } catch (cause) {
    const { uid } = await stat(path);
    const { code } = cause as NodeJS.ErrnoException;
    const why = `belongs to user ${uid}, and this process (${whoAmI()}) cannot write there (${code})`;
    throw unusable(
      path,
      why,
      `chown it to ${process.geteuid?.() ?? 'this user'}, or run as user ${uid}`,
      cause,
    );
  }
}

const whoAmI = () => `user ${process.geteuid?.() ?? '?'}`;

function unusable(path: string, why: string, hint: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', `the state directory ${path} ${why}`, { hint, cause });
}
