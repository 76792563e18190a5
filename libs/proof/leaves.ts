import { createHash } from 'node:crypto';
import { decodeEnvelope, placeFault, type Envelope } from '#events';
import { mostEntryBytes } from './tiles.js';

/* The entries of a tree. They follow from the events of a batch and nothing else, so whoever reads the log again
   makes the same. Each is one line of JSON, its keys in this order:

   {"session":ID,"from":SEQ,"to":SEQ,"head":HEX,"offset":N}     events FROM to TO of a session, one after another; the
                                                                hash of the last, and where the log has it
   {"events":[[OFFSET,ID,HEX],…]}                               events of any other topic, in order: id, SHA-256 of the
                                                                envelope's bytes
   {"unreadable":[[OFFSET,HEX],…]}                              session events without a place in a session */

/** `offset`: where the log has the run's last event. Seqs beyond 2^53 do not occur. */
export interface SessionLeaf {
  readonly session: string;
  readonly from: number;
  readonly to: number;
  /** Of the chain after `to`, hex. */
  readonly head: string;
  readonly offset: number;
}
export interface EventsLeaf {
  readonly events: readonly (readonly [offset: number, id: string, hash: string])[];
}
export interface UnreadableLeaf {
  readonly unreadable: readonly (readonly [offset: number, hash: string])[];
}
export type Leaf = SessionLeaf | EventsLeaf | UnreadableLeaf;

export interface BatchEvent {
  readonly offset: number;
  readonly raw: Uint8Array;
}

/** Of one batch of weir.session.v1, in order. */
export function sessionLeaves(batch: readonly BatchEvent[]): Leaf[] {
  const done: SessionLeaf[] = [];
  const open = new Map<string, SessionLeaf>();
  const unreadable: [number, string][] = [];
  for (const { offset, raw } of batch) {
    const place = placeOf(raw);
    if (!place) unreadable.push([offset, sha256Hex(raw)]);
    else {
      const { session, seq, head } = place;
      const run = open.get(session);
      if (run && seq <= run.to) continue; // shipped twice
      const follows = run && seq === run.to + 1;
      if (run && !follows) done.push(run);
      open.set(session, { session, from: follows ? run.from : seq, to: seq, head, offset });
    }
  }
  const runs = [...done, ...open.values()].sort((a, b) => a.offset - b.offset);
  return [...runs, ...chunks(unreadable).map((chunk) => ({ unreadable: chunk }))];
}

/** Of one batch of any other topic, in order. */
export function eventLeaves(batch: readonly BatchEvent[]): Leaf[] {
  const events = batch.map(({ offset, raw }): [number, string, string] => [
    offset,
    eventIdOf(raw),
    sha256Hex(raw),
  ]);
  return chunks(events).map((chunk) => ({ events: chunk }));
}

export function encodeLeaf(leaf: Leaf): Buffer {
  const bytes = Buffer.from(JSON.stringify(leaf));
  if (bytes.length > mostEntryBytes) throw new RangeError(`a leaf of ${bytes.length} bytes is too long`);
  return bytes;
}

/** Undefined for what none of ours is. */
export function decodeLeaf(entry: Buffer): Leaf | undefined {
  try {
    const leaf = JSON.parse(entry.toString('utf8')) as Partial<SessionLeaf & EventsLeaf & UnreadableLeaf>;
    if (typeof leaf.session === 'string' && typeof leaf.head === 'string') {
      const { from, to, offset } = leaf;
      return [from, to, offset].every(Number.isSafeInteger) ? (leaf as SessionLeaf) : undefined;
    }
    if (Array.isArray(leaf.events)) return leaf as EventsLeaf;
    return Array.isArray(leaf.unreadable) ? (leaf as UnreadableLeaf) : undefined;
  } catch {
    return undefined;
  }
}

/** What stands for an event's id in a leaf: ids are short, but nothing in the log enforces it. */
export const leafId = (id: string): string => id.slice(0, longestId);

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const longestId = 200;
const leafEvents = 100;
/** Of what stands around a list. */
const frameBytes = 20;

/** An id is some characters, but JSON makes six bytes of a control character: a leaf is full by bytes, too. */
function chunks<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  let bytes = Infinity;
  for (const each of all) {
    const more = Buffer.byteLength(JSON.stringify(each)) + 1;
    bytes += more;
    if (bytes > mostEntryBytes || found.at(-1)!.length >= leafEvents) {
      found.push([]);
      bytes = frameBytes + more;
    }
    found.at(-1)!.push(each);
  }
  return found;
}

interface Place {
  readonly session: string;
  readonly seq: number;
  readonly head: string;
}

function placeOf(raw: Uint8Array): Place | undefined {
  const envelope = envelopeOf(raw);
  const link = envelope?.link;
  if (!envelope || !link || placeFault(envelope) !== undefined) return undefined;
  return { session: envelope.subject, seq: Number(link.seq), head: Buffer.from(link.hash).toString('hex') };
}

const eventIdOf = (raw: Uint8Array): string => leafId(envelopeOf(raw)?.id ?? '');

function envelopeOf(raw: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(raw);
  } catch {
    return undefined;
  }
}
