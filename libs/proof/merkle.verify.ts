import { isCount, nodeHash, splitOf, treeHashBytes } from './merkle.js';

export interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Whether the entry with this leaf hash stands at `index` in the tree with this size and root. */
export function verifyInclusion({ index, size, leaf, proof, root }: Inclusion): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (![leaf, root, ...proof].every(isHash)) return false;
  const rest = [...proof];
  const computed = climb(index, size, leaf, rest);
  return computed !== undefined && rest.length === 0 && same(computed, root);
}

/** Takes its part of the proof from the front of `rest`: the deepest comes first. */
function climb(index: number, size: number, leaf: Uint8Array, rest: Uint8Array[]): Uint8Array | undefined {
  if (size === 1) return leaf;
  const middle = splitOf(size);
  const inLeft = index < middle;
  const below = inLeft ? climb(index, middle, leaf, rest) : climb(index - middle, size - middle, leaf, rest);
  const beside = rest.shift();
  if (!below || !beside) return undefined;
  return inLeft ? nodeHash(below, beside) : nodeHash(beside, below);
}

export interface Consistency {
  readonly first: number;
  readonly firstRoot: Uint8Array;
  readonly second: number;
  readonly secondRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether the tree with the first size and root is the beginning of the second. An empty tree begins every other. */
export function verifyConsistency({ first, firstRoot, second, secondRoot, proof }: Consistency): boolean {
  if (!isCount(first) || !isCount(second) || first > second) return false;
  if (![firstRoot, secondRoot, ...proof].every(isHash)) return false;
  if (first === 0) return proof.length === 0;
  const rest = [...proof];
  const roots = bothRoots(first, second, true, firstRoot, rest);
  return (
    roots !== undefined && rest.length === 0 && same(roots.first, firstRoot) && same(roots.second, secondRoot)
  );
}

interface Roots {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

/** Of the subtree that the proof has come to: what it was in the first tree, and what it is in the second. */
function bothRoots(
  first: number,
  second: number,
  isWholeFirst: boolean,
  firstRoot: Uint8Array,
  rest: Uint8Array[],
): Roots | undefined {
  if (first === second) {
    const known = isWholeFirst ? firstRoot : rest.shift();
    return known && { first: known, second: known };
  }
  const middle = splitOf(second);
  if (first <= middle) {
    const left = bothRoots(first, middle, isWholeFirst, firstRoot, rest);
    const right = rest.shift();
    return left && right && { first: left.first, second: nodeHash(left.second, right) };
  }
  const right = bothRoots(first - middle, second - middle, false, firstRoot, rest);
  const left = rest.shift();
  return left && right && { first: nodeHash(left, right.first), second: nodeHash(left, right.second) };
}

const isHash = (bytes: Uint8Array): boolean => bytes.length === treeHashBytes;
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
