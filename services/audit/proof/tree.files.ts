import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeEntries,
  encodeEntries,
  hashOfHashes,
  leafHash,
  rangeOfTiles,
  rootOf,
  splitHashes,
  tilePath,
  tilesOf,
  tileWidth,
  type RangeHash,
  type Tile,
} from '#proof';
import { readIfThere, writeWhole } from './whole.file.js';

/** Up to where a tree has come. */
export interface TreeState {
  readonly size: number;
  /** The offset of the last event that is covered; -1: none. */
  readonly through: number;
  /** Base64. */
  readonly root: string;
}

/**
 * A tree in a folder, as tiles. What is appended counts once it is saved; a crash before leaves the tree as it was.
 */
export class TreeFiles {
  #size = 0;
  #through = -1;
  /** By level: the hashes of the tile that is not full yet. */
  #rows: Buffer[][] = [[]];
  #entries: Buffer[] = [];
  /** Tiles that are full since the last save. */
  #filled: [Tile, Buffer][] = [];

  private constructor(private readonly folder: string) {}

  /** Undefined where what the folder holds is not the tree that it says: it must be made anew. */
  static async open(folder: string): Promise<TreeFiles | undefined> {
    const files = new TreeFiles(folder);
    const state = await readIfThere(join(folder, 'state.json'));
    return !state || (await files.#load(state)) ? files : undefined;
  }

  /** An empty tree; what the folder holds is overwritten as the tree grows. */
  static async clear(folder: string): Promise<TreeFiles> {
    await rm(join(folder, 'state.json'), { force: true });
    await rm(join(folder, 'tile'), { force: true, recursive: true });
    return new TreeFiles(folder);
  }

  get size(): number {
    return this.#size;
  }

  get through(): number {
    return this.#through;
  }

  /** Of the first `size` entries. */
  root(size: number = this.#size): Buffer {
    return rootOf(size, this.range());
  }

  /** Good until more is appended. */
  range(): RangeHash {
    return rangeOfTiles(this.#size, (tile) => this.#read(tile));
  }

  append(entries: readonly Buffer[], through: number): void {
    for (const entry of entries) this.#push(entry);
    this.#through = through;
  }

  /** The tiles before the state that counts them, and what they replace after it. */
  async save(): Promise<void> {
    for (const [tile, bytes] of this.#filled) await writeWhole(join(this.folder, tilePath(tile)), bytes);
    for (const [tile, bytes] of this.#partial()) await writeWhole(join(this.folder, tilePath(tile)), bytes);
    const state: TreeState = {
      size: this.#size,
      through: this.#through,
      root: this.root().toString('base64'),
    };
    await writeWhole(join(this.folder, 'state.json'), JSON.stringify(state));
    for (const [tile] of this.#filled)
      await rm(join(this.folder, `${tilePath(tile)}.p`), { recursive: true, force: true });
    this.#filled = [];
  }

  async #load(state: Buffer): Promise<boolean> {
    try {
      const { size, through, root } = JSON.parse(state.toString('utf8')) as TreeState;
      this.#size = size;
      this.#through = through;
      const partial = (level: number | 'entries') =>
        tilesOf(size, level).find(({ width }) => width < tileWidth);
      for (let level = 0; 256 ** level <= size; level++) {
        const tile = partial(level);
        this.#rows[level] = tile ? splitHashes(this.#fromDisk(tile)) : [];
      }
      const bundle = partial('entries');
      this.#entries = bundle ? (decodeEntries(this.#fromDisk(bundle)) ?? []) : [];
      const leaves = this.#entries.map(leafHash);
      const sound = leaves.every((leaf, i) => this.#rows[0]?.[i]?.equals(leaf));
      return sound && leaves.length === size % tileWidth && this.root().toString('base64') === root;
    } catch {
      return false;
    }
  }

  #push(entry: Buffer): void {
    this.#entries.push(entry);
    this.#size++;
    if (this.#entries.length === tileWidth) {
      const index = this.#size / tileWidth - 1;
      this.#filled.push([{ level: 'entries', index, width: tileWidth }, encodeEntries(this.#entries)]);
      this.#entries = [];
    }
    this.#pushHash(0, leafHash(entry));
  }

  #pushHash(level: number, hash: Buffer): void {
    const row = (this.#rows[level] ??= []);
    row.push(hash);
    if (row.length < tileWidth) return;
    const index = Math.floor(this.#size / tileWidth ** (level + 1)) - 1;
    this.#filled.push([{ level, index, width: tileWidth }, Buffer.concat(row)]);
    this.#rows[level] = [];
    this.#pushHash(level + 1, hashOfHashes(row));
  }

  #partial(): [Tile, Buffer][] {
    const tiles = this.#rows.flatMap((row, level): [Tile, Buffer][] =>
      row.length === 0 ? [] : [[this.#last(level, row.length), Buffer.concat(row)]],
    );
    if (this.#entries.length === 0) return tiles;
    return [...tiles, [this.#last('entries', this.#entries.length), encodeEntries(this.#entries)]];
  }

  #last(level: number | 'entries', width: number): Tile {
    return {
      level,
      width,
      index: Math.floor(this.#size / tileWidth ** (level === 'entries' ? 1 : level + 1)),
    };
  }

  #read(tile: Tile): Buffer {
    if (tile.width < tileWidth) return Buffer.concat(this.#rows[tile.level as number] ?? []);
    const filled = this.#filled.find(([each]) => each.level === tile.level && each.index === tile.index);
    return filled?.[1] ?? this.#fromDisk(tile);
  }

  #fromDisk(tile: Tile): Buffer {
    return readFileSync(join(this.folder, tilePath(tile)));
  }
}
