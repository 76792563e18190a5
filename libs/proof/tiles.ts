import { foldRange, nodeHash, treeHashBytes, type RangeHash } from './merkle.js';

/* C2SP tlog-tiles: the hashes of a tree as files.

   tile/<L>/<N>[.p/<W>]        up to 256 hashes of complete subtrees with 256^L entries, from N * 256 on
   tile/entries/<N>[.p/<W>]    the entries below a tile of level 0, each as len:u16 | entry, big-endian
   <N>                         1234067 is x001/x234/067; <W> is the width of a tile that is not full yet */

export const tileWidth = 256;
/** The longest entry of a bundle. */
export const mostEntryBytes = 0xffff;

export interface Tile {
  /** `entries`: the bundle below the tile of level 0. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256. */
  readonly width: number;
}

export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const parts = digits.match(/\d{3}/g) ?? [];
  const path = parts.map((part, i) => (i < parts.length - 1 ? `x${part}` : part)).join('/');
  return `tile/${level}/${path}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** Undefined for what is no path of a tile. */
export function parseTilePath(path: string): Tile | undefined {
  const [, level = '', number = '', width] =
    /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path) ??
    [];
  const index = Number(number.replaceAll(/[x/]/g, ''));
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index,
    width: width === undefined ? tileWidth : Number(width),
  };
  return level !== '' && Number.isSafeInteger(index) && tilePath(tile) === path ? tile : undefined;
}

/** The tiles of a level in a tree of this size: the full ones, then the one that is not. */
export function tilesOf(size: number, level: number | 'entries'): Tile[] {
  const count = Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));
  const tiles = Array.from({ length: Math.floor(count / tileWidth) }, (_, index) => ({
    level,
    index,
    width: tileWidth,
  }));
  const rest = count % tileWidth;
  return rest === 0 ? tiles : [...tiles, { level, index: tiles.length, width: rest }];
}

export function encodeEntries(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > mostEntryBytes)
        throw new RangeError(`an entry of ${entry.length} bytes is too long`);
      return [Buffer.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/** Undefined where the bytes are not whole entries. */
export function decodeEntries(bundle: Buffer): Buffer[] | undefined {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    if (at + 2 > bundle.length) return undefined;
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) return undefined;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** The hash of a whole tile's subtree, or of any complete part of it: a power of two of hashes side by side. */
export function hashOfHashes(hashes: readonly Uint8Array[]): Buffer {
  let row = hashes;
  while (row.length > 1)
    row = Array.from({ length: row.length / 2 }, (_, i) => nodeHash(row[2 * i]!, row[2 * i + 1]!));
  return Buffer.from(row[0]!);
}

/** Ranges of a tree of `size` entries, read from its tiles. `read` gives a tile's bytes, or throws. */
export function rangeOfTiles(size: number, read: (tile: Tile) => Buffer): RangeHash {
  const complete = (level: number, index: number): Buffer => {
    const tileLevel = Math.floor(level / 8);
    const count = 2 ** (level % 8);
    const first = index * count;
    const at = (first % tileWidth) * treeHashBytes;
    const bytes = read(tileAt(size, tileLevel, Math.floor(first / tileWidth)));
    return hashOfHashes(splitHashes(bytes.subarray(at, at + count * treeHashBytes)));
  };
  return (from, to) => foldRange(from, to, complete);
}

function tileAt(size: number, level: number, index: number): Tile {
  const count = Math.floor(size / tileWidth ** level);
  return { level, index, width: Math.min(tileWidth, count - index * tileWidth) };
}

export function splitHashes(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / treeHashBytes }, (_, i) =>
    bytes.subarray(i * treeHashBytes, (i + 1) * treeHashBytes),
  );
}
