import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '#kernel';

interface Owner {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** When that pid began, where the system says so: a pid may be given again, in a container usually the same. */
  readonly born: string;
}

const beatMs = 5_000;
/** An owner on another host can't be asked; this long without a beat and it is taken for gone. */
const silentMs = 30_000;

export interface OwnerLock {
  release(): void;
}

/** Makes this process the journal's one owner. Throws CONFLICT while another lives. */
export function lockOwner(directory: string): OwnerLock {
  const path = join(directory, 'owner');
  const mine: Owner = { token: randomUUID(), pid: process.pid, host: hostname(), born: birthOf(process.pid) };
  take(path, mine);
  const beat = setInterval(() => touch(path), beatMs).unref();
  return {
    release: () => {
      clearInterval(beat);
      if (readOwner(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

export type FoundOwner =
  | { readonly state: 'alive' | 'gone'; readonly pid: number; readonly host: string }
  | { readonly state: 'none' };

/** Whose the journal is. `gone`: its owner died without giving it up; the next one takes it over. */
export function findOwner(directory: string): FoundOwner {
  const path = join(directory, 'owner');
  const owner = readOwner(path);
  if (!owner) return { state: 'none' };
  return { state: isAlive(owner, path) ? 'alive' : 'gone', pid: owner.pid, host: owner.host };
}

/** A whole file appears under the name or none does: link fails where the name is taken. */
function take(path: string, mine: Owner): void {
  const draft = `${path}.${mine.token}`;
  writeFileSync(draft, JSON.stringify(mine));
  try {
    if (tryLink(draft, path)) return;
    clearDead(path, mine.token);
    if (!tryLink(draft, path)) throw taken(readOwner(path));
  } finally {
    rmSync(draft, { force: true });
  }
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Two starters may find the same dead owner: the one that moves it away must find that one in its hands. */
function clearDead(path: string, token: string): void {
  const owner = readOwner(path);
  if (owner && isAlive(owner, path)) throw taken(owner);
  const moved = `${path}.dead.${token}`;
  try {
    renameSync(path, moved);
  } catch {
    return; // another starter was quicker; the link decides
  }
  const found = readOwner(moved);
  if (found && found.token !== owner?.token) tryLink(moved, path);
  rmSync(moved, { force: true });
}

function isAlive(owner: Owner, path: string): boolean {
  if (owner.host !== hostname())
    return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < silentMs;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return owner.born === birthOf(owner.pid);
}

/** Linux: field 22 of /proc/<pid>/stat, counted after the command's closing parenthesis. Elsewhere empty. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // gone with its directory
  }
}

function taken(owner: Owner | undefined): AppError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  return new AppError('CONFLICT', `the journal is in use by ${who}`, {
    hint: 'Stop that process first, or give this one a state directory of its own (WEIR_DATA).',
  });
}
