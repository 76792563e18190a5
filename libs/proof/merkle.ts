import { hash } from 'node:crypto';

/* RFC 6962, section 2.1. D[n] are n entries; k is the largest power of two below n.

   MTH({})     = SHA-256()
   MTH({d})    = SHA-256(0x00 | d)
   MTH(D[n])   = SHA-256(0x01 | MTH(D[0:k]) | MTH(D[k:n]))
   PATH(m, D[n])        = PATH(m, D[0:k]) : MTH(D[k:n])             where m < k
                        = PATH(m - k, D[k:n]) : MTH(D[0:k])         else
   PROOF(m, D[n])       = SUBPROOF(m, D[n], true)
   SUBPROOF(m, D[m], b) = {} if b, else MTH(D[m])
   SUBPROOF(m, D[n], b) = SUBPROOF(m, D[0:k], b) : MTH(D[k:n])      where m <= k
                        = SUBPROOF(m - k, D[k:n], false) : MTH(D[0:k])  else */

export const treeHashBytes = 32;

/** MTH(D[from:to]) of the entries of a tree; `to` is above `from`. */
export type RangeHash = (from: number, to: number) => Buffer;

export const emptyRoot: Buffer = sha256(Buffer.alloc(0));

export function leafHash(entry: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(entry.length + 1);
  bytes[0] = 0;
  bytes.set(entry, 1);
  return sha256(bytes);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(1 + 2 * treeHashBytes);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + treeHashBytes);
  return sha256(bytes);
}

/** The root of the first `size` entries. */
export function rootOf(size: number, range: RangeHash): Buffer {
  return size === 0 ? emptyRoot : range(0, size);
}

/** Proves that the entry at `index` stands in the tree of the first `size` entries. */
export function inclusionProof(index: number, size: number, range: RangeHash): Buffer[] {
  if (!isCount(index) || !isCount(size) || index >= size)
    throw new RangeError(`no entry ${index} in a tree of ${size}`);
  const path: Buffer[] = [];
  for (let from = 0, to = size; to - from > 1;) {
    const middle = from + splitOf(to - from);
    const inLeft = index < middle;
    path.push(inLeft ? range(middle, to) : range(from, middle));
    if (inLeft) to = middle;
    else from = middle;
  }
  return path.reverse();
}

/** Proves that the tree of the first `first` entries is the beginning of the one of the first `second`. */
export function consistencyProof(first: number, second: number, range: RangeHash): Buffer[] {
  if (!isCount(first) || !isCount(second) || first > second)
    throw new RangeError(`a tree of ${first} is no beginning of one of ${second}`);
  const path: Buffer[] = [];
  if (first === 0) return path;
  let [from, to] = [0, second];
  while (to > first) {
    const middle = from + splitOf(to - from);
    const inLeft = first <= middle;
    path.push(inLeft ? range(middle, to) : range(from, middle));
    if (inLeft) to = middle;
    else from = middle;
  }
  // Here D[from:to] ends with the first tree; if it is all of it, its root is known.
  if (from > 0) path.push(range(from, to));
  return path.reverse();
}

/** The largest power of two below `size`, which is above 1. */
export function splitOf(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** A range whose hash is not at hand as a whole, from those of its complete subtrees. */
export function foldRange(
  from: number,
  to: number,
  complete: (level: number, index: number) => Buffer,
): Buffer {
  const size = to - from;
  const level = Math.round(Math.log2(size));
  if (2 ** level === size && from % size === 0) return complete(level, from / size);
  const middle = from + splitOf(size);
  return nodeHash(foldRange(from, middle, complete), foldRange(middle, to, complete));
}

export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}
