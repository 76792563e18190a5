import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEnvelope } from '#events';
import { findOwner, type FoundOwner } from './owner.lock.js';
import { readRecord, recordKinds, recordLength } from './record.codec.js';
import { listSegments, type Segment } from './segments.js';
import { readShipped } from './shipped.file.js';

/** What a journal's files say of it, whoever owns it and whether or not that one still lives. */
export interface JournalState {
  /** The folder's name: `journal`, `journal.2`, … */
  readonly name: string;
  readonly bytes: number;
  readonly segments: number;
  readonly unshippedBytes: number;
  /** When the oldest event that is not in the log yet was written, milliseconds since the epoch. */
  readonly oldestUnshippedAt: number | undefined;
  readonly owner: FoundOwner;
  /** Segments that could not be read, and events that the log could not take, set aside for whoever looks into them. */
  readonly damaged: readonly { readonly file: string; readonly bytes: number }[];
}

const folderName = /^journal(\.[1-9]\d?)?$/;

/** All journals of a state directory, those of processes that there no longer are included. */
export async function readJournals(dataDir: string): Promise<JournalState[]> {
  const names = (await readdir(dataDir).catch(() => [])).filter((name) => folderName.test(name));
  const numbered = names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const states = await Promise.all(numbered.map((name) => readJournal(dataDir, name)));
  return states.filter((state) => state !== undefined);
}

/** Read while its owner writes and deletes: a folder or a file that goes meanwhile is not there. */
async function readJournal(dataDir: string, name: string): Promise<JournalState | undefined> {
  const dir = join(dataDir, name);
  const files = await readdir(dir).catch(() => undefined);
  if (!files) return undefined;
  const sized = await Promise.all(listSegments(dir).map(sizedSegment));
  const segments = sized.filter((each) => each !== undefined);
  const [first, last] = [segments[0], segments.at(-1)];
  const end = last ? last.segment.base + last.bytes : 0;
  const shipped = Math.min(Math.max(readShipped(dir), first?.segment.base ?? 0), end);
  return {
    name,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    segments: segments.length,
    unshippedBytes: end - shipped,
    oldestUnshippedAt: await oldestAfter(segments, shipped),
    owner: findOwner(dir),
    damaged: await damagedIn(dir, files),
  };
}

interface Sized {
  readonly segment: Segment;
  readonly bytes: number;
}

async function sizedSegment(segment: Segment): Promise<Sized | undefined> {
  const found = await stat(segment.path).catch(() => undefined);
  return found && { segment, bytes: found.size };
}

/** The first event at or after a position; segments begin with a checkpoint, which is none. */
async function oldestAfter(segments: readonly Sized[], position: number): Promise<number | undefined> {
  for (const { segment, bytes } of segments) {
    if (segment.base + bytes <= position) continue;
    const at = await firstEventAt(segment, bytes, Math.max(0, position - segment.base)).catch(
      () => undefined,
    );
    if (at !== undefined) return at;
  }
  return undefined;
}

/** Undefined where what stands there is no whole record: it is being written, or damaged. */
async function firstEventAt({ path }: Segment, size: number, from: number): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(4);
    for (let at = from; ;) {
      const { bytesRead } = await file.read(head, 0, 4, at);
      const length = recordLength(head, 0, bytesRead);
      if (length === undefined || at + length > size) return undefined;
      const bytes = Buffer.alloc(length);
      const read = await file.read(bytes, 0, length, at);
      const record = readRecord(bytes, 0, read.bytesRead);
      if (!record) return undefined;
      if (record.kind === recordKinds.event) return Number(decodeEnvelope(record.body).timeUs / 1000n);
      at += length;
    }
  } finally {
    await file.close();
  }
}

async function damagedIn(dir: string, files: readonly string[]): Promise<JournalState['damaged']> {
  const damaged = files.filter((file) => file.endsWith('.damaged'));
  return Promise.all(damaged.map(async (file) => ({ file, bytes: (await stat(join(dir, file))).size })));
}
