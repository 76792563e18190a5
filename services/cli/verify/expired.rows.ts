import { linkHash } from '#events';
import { dayOf, type Erasures } from './erasures.js';
import type { Covered } from './session.chain.js';
import { textOf, type StoredRow } from './stored.rows.js';

const day = 86_400_000;

/** What is kept of an event that was erased. */
export interface Kept {
  readonly seq: number;
  /** Hex, as it was written down. */
  readonly hash: string;
  /** Why it may be gone; undefined where nothing says that it may. */
  readonly permitted: boolean;
  readonly why: string;
  /** Its hash, computed again after the one before it. */
  hashAfter(prev: string): string;
}

/** By seq. An event that was erased more than once has a row of each. */
export function keptRows(
  rows: readonly StoredRow[],
  covered: readonly Covered[],
  erasures: Erasures,
): Map<number, Kept> {
  const kept = new Map<number, Kept>();
  for (const row of rows) {
    const seq = Number(textOf(row, 'seq'));
    if (kept.get(seq)?.permitted) continue;
    const why = objection(
      row,
      covered.find(({ from, to }) => from <= seq && seq <= to),
      erasures,
    );
    const hash = textOf(row, 'hash');
    kept.set(seq, { seq, hash, permitted: why === '', why, hashAfter: (prev) => hashOf(row, seq, prev) });
  }
  return kept;
}

function hashOf(row: StoredRow, seq: number, prev: string): string {
  const link = {
    ...{ prev: Buffer.from(prev, 'hex'), seq, id: textOf(row, 'event_id'), type: textOf(row, 'type') },
    ...{ timeUs: timeUsOf(row), content: Buffer.from(textOf(row, 'content'), 'hex') },
  };
  try {
    return Buffer.from(linkHash(link)).toString('hex');
  } catch {
    return ''; // Something is longer than any gate writes: no hash is of it.
  }
}

const timeUsOf = (row: StoredRow): bigint => BigInt(textOf(row, 'time_us') || '0');

/** Its time is in its hash; when it was erased stands in a tree: what the store says of either is not asked. */
function objection(row: StoredRow, leaf: Covered | undefined, erasures: Erasures): string {
  const erasure = erasures.get(textOf(row, 'erasure'));
  if (!leaf) return 'it stands in no tree';
  if (!erasure) return 'nothing that a checkpoint covers says that it was erased';
  const { id, tree, through, at, days } = erasure;
  if (leaf.tree !== tree || leaf.offset === undefined || leaf.offset > through)
    return `${id} erased ${tree} up to offset ${through}: it stands past that`;
  const time = Number(timeUsOf(row) / 1000n);
  if (time + days * day > at)
    return `it is of ${dayOf(time)}; ${id}, of ${dayOf(at)}, erased what was older than ${days} days`;
  return '';
}
