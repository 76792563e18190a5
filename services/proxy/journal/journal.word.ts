import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, createDurably } from '#kernel';
import type { JournalState } from './journal.state.js';

/* What each proxy says of its journals, for those that cannot see its state directory: a small file below
   `<sharedDir>/journals`, named by the state directory it speaks of and not by the host, which may change. */

/** A proxy speaks every two seconds; who has not for so long is taken for dead. Milliseconds. */
const silentAfterMs = 30_000;

const state = z.object({
  name: z.string(),
  bytes: z.number(),
  segments: z.number(),
  unshippedBytes: z.number(),
  oldestUnshippedAt: z.number().optional(),
  owner: z.object({
    state: z.enum(['alive', 'gone', 'none']),
    pid: z.number().optional(),
    host: z.string().optional(),
  }),
  damaged: z.array(z.object({ file: z.string(), bytes: z.number() })),
});
const word = z.object({
  proxy: z.string(),
  at: z.number(),
  stopped: z.boolean(),
  journals: z.array(state),
});

/** Who speaks of a state directory. */
export interface Speaker {
  /** The host's name and the id. */
  readonly proxy: string;
  /** Of the state directory: it stays when another host or container takes the directory. */
  readonly id: string;
}

export interface HeardWord {
  readonly proxy: string;
  /** `stopped`: it ended in order, and left something; `silent`: nobody knows what became of it. */
  readonly state: 'live' | 'heard' | 'stopped' | 'silent';
  /** Milliseconds since it spoke. */
  readonly age: number;
  readonly journals: readonly JournalState[];
}

export async function speakerOf(dataDir: string): Promise<Speaker> {
  const path = join(dataDir, 'proxy-id');
  await createDurably(path, `${randomBytes(4).toString('hex')}\n`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const id = (await readFile(path, 'utf8')).trim();
  if (!/^[0-9a-f]{8}$/.test(id)) throw new Error(`${path} is not what a proxy wrote: remove it`);
  return { proxy: `${hostname()}-${id}`, id };
}

/** Whole or not at all. Not synced: the next word comes in two seconds. */
export async function speak(
  sharedDir: string,
  { proxy, id }: Speaker,
  said: { readonly at: number; readonly stopped: boolean; readonly journals: readonly JournalState[] },
): Promise<void> {
  const path = wordFile(sharedDir, id);
  await mkdir(folderOf(sharedDir), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify({ proxy, ...said }), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Of one that ended in order and left nothing. */
export async function dropWord(sharedDir: string, { id }: Speaker): Promise<void> {
  await rm(wordFile(sharedDir, id), { force: true });
}

/** The words of all others. A file that cannot be understood is of one that is silent. Throws where the folder is away. */
export async function hearOthers(sharedDir: string, own: string, now: number): Promise<HeardWord[]> {
  const files = await readdir(folderOf(sharedDir)).catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('LOG_UNAVAILABLE', `what other proxies say cannot be read (${cause.code})`, {
      hint: 'is the shared folder (WEIR_SHARED) there?',
      cause,
    });
  });
  const others = files.filter((file) => file.endsWith('.json') && file !== `${own}.json`).sort();
  const heard = await Promise.all(others.map((file) => hear(join(folderOf(sharedDir), file), file, now)));
  return heard.filter((each) => each !== undefined).sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
}

async function hear(path: string, file: string, now: number): Promise<HeardWord | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (text === undefined) return undefined;
  const said = word.safeParse(parsed(text)).data;
  if (!said) {
    const found = await stat(path).catch(() => undefined);
    return { proxy: file, state: 'silent', age: Math.max(0, now - (found?.mtimeMs ?? now)), journals: [] };
  }
  const { proxy, at, stopped } = said;
  // One whose clock is far ahead would be heard long after its death.
  const silent = Math.abs(now - at) > silentAfterMs;
  const journals = said.journals.map((each) => ({ ...each, oldestUnshippedAt: each.oldestUnshippedAt }));
  const state = stopped ? 'stopped' : silent ? 'silent' : 'heard';
  return { proxy, state, age: Math.max(0, now - at), journals: journals as JournalState[] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const folderOf = (sharedDir: string) => join(sharedDir, 'journals');
const wordFile = (sharedDir: string, id: string) => join(folderOf(sharedDir), `${id}.json`);
