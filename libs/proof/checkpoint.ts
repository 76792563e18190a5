import { treeHashBytes } from './merkle.js';
import {
  openNote,
  signNote,
  splitNote,
  strictBase64,
  type SignerKey,
  type VerifierKey,
} from './signed-note.js';

/* C2SP tlog-checkpoint: a signed note whose text is

   origin "\n" size "\n" base64( root:32 ) "\n"      and extension lines, of which we write none */

export interface Checkpoint {
  /** Names the tree. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export function signCheckpoint({ origin, size, root }: Checkpoint, signer: SignerKey): string {
  return signNote(`${origin}\n${size}\n${root.toString('base64')}\n`, signer);
}

/** What a note says, whoever signed it; undefined for what is no checkpoint. */
export function readCheckpoint(note: string): Checkpoint | undefined {
  const text = splitNote(note)?.text;
  return text === undefined ? undefined : parse(text);
}

export interface SignedCheckpoint extends Checkpoint {
  readonly by: VerifierKey;
}

/** The checkpoint, if a key of the list signed it, and signs for that tree: a key's name begins those of its trees. */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): SignedCheckpoint | undefined {
  const opened = openNote(note, keys);
  const checkpoint = opened && parse(opened.text);
  return checkpoint?.origin.startsWith(`${opened?.by.name}/`) && opened
    ? { ...checkpoint, by: opened.by }
    : undefined;
}

/** What a write that was cut off leaves in a sink, or anything else that says nothing of a tree. */
export function isNoCheckpoint(note: string): boolean {
  const signatures = splitNote(note)?.signatures ?? [];
  return readCheckpoint(note) === undefined || signatures.some(({ signature }) => signature.length !== 64);
}

function parse(text: string): Checkpoint | undefined {
  const [origin = '', size = '', encoded = '', ...rest] = text.split('\n');
  const root = strictBase64(encoded);
  if (origin === '' || !/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    return undefined;
  if (root?.length !== treeHashBytes || rest.at(-1) !== '' || rest.slice(0, -1).includes(''))
    return undefined;
  return { origin, size: Number(size), root };
}

/**
 * The notes of a text in which each is followed by an empty line: what a sink holds. A text has no empty line in a
 * checkpoint, so blocks are texts and signatures in turn.
 */
export function splitCheckpoints(text: string): string[] {
  const blocks = text.split(/\n{2,}/).filter((block) => block.trim() !== '');
  const notes: string[] = [];
  for (const block of blocks) {
    const previous = notes.at(-1);
    const isSignature = block.trimStart().startsWith('— ');
    if (isSignature && previous !== undefined && !previous.includes('\n\n'))
      notes[notes.length - 1] = `${previous}\n\n${block.trim()}\n`;
    else notes.push(block.trim());
  }
  return notes;
}

/** As a list of them has it. */
export const checkpointBlock = (note: string): string => `${note}\n`;
