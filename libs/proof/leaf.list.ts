import { foldRange, leafHash, nodeHash, rootOf, type RangeHash } from './merkle.js';

/** A tree whose leaf hashes are all in memory: complete subtrees are hashed once, as they fill. */
export class LeafList {
  /** By level: the hashes of its complete subtrees. */
  readonly #levels: Buffer[][] = [[]];

  static of(entries: Iterable<Uint8Array>): LeafList {
    const list = new LeafList();
    for (const entry of entries) list.push(leafHash(entry));
    return list;
  }

  get size(): number {
    return this.#levels[0]?.length ?? 0;
  }

  push(leaf: Buffer): void {
    let hash = leaf;
    for (let level = 0; ; level++) {
      const row = (this.#levels[level] ??= []);
      row.push(hash);
      const left = row.at(-2);
      if (row.length % 2 === 1 || !left) return;
      hash = nodeHash(left, hash);
    }
  }

  readonly range: RangeHash = (from, to) => {
    if (from < 0 || to > this.size || from >= to) throw new RangeError(`no entries ${from} to ${to}`);
    return foldRange(from, to, (level, index) => this.#levels[level]![index]!);
  };

  /** Of the first `size` entries; all, if it is not given. */
  root(size: number = this.size): Buffer {
    return rootOf(size, this.range);
  }
}
