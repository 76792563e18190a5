import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeafList } from './leaf.list.js';
import { consistencyProof, inclusionProof, leafHash } from './merkle.js';
import {
  decodeEntries,
  encodeEntries,
  parseTilePath,
  rangeOfTiles,
  tilePath,
  tilesOf,
  type Tile,
} from './tiles.js';

describe('the path of a tile', () => {
  it.each<[Tile, string]>([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 1234067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 1, index: 0, width: 17 }, 'tile/1/000.p/17'],
    [{ level: 'entries', index: 273, width: 112 }, 'tile/entries/273.p/112'],
    [{ level: 'entries', index: 1000, width: 256 }, 'tile/entries/x001/000'],
  ])('%j', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it.each([
    ...[
      '',
      'tile/0',
      'tile/0/0',
      'tile/00/000',
      'tile/64/000',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/0/000/',
    ],
    ...['tile/0/x000/000', 'tile/0/../000', '/tile/0/000', 'tile/x/000', 'checkpoint'],
  ])('is not %j', (path) => expect(parseTilePath(path)).toBeUndefined());
});

describe('the tiles of a tree', () => {
  it('of 70,000 entries are those of the specification', () => {
    expect(tilesOf(70_000, 0)).toHaveLength(274);
    expect(tilesOf(70_000, 0).at(-1)).toEqual({ level: 0, index: 273, width: 112 });
    expect(tilesOf(70_000, 1).map(({ width }) => width)).toEqual([256, 17]);
    expect(tilesOf(70_000, 2).map(({ width }) => width)).toEqual([1]);
    expect(tilesOf(70_000, 3)).toEqual([]);
    expect(tilesOf(256, 1)).toEqual([{ level: 1, index: 0, width: 1 }]);
  });

  it('give every proof that the tree itself gives', () => {
    const whole = LeafList.of(Array.from({ length: 700 }, (_, i) => Buffer.from(String(i))));
    const read =
      (size: number) =>
      ({ level, index, width }: Tile) => {
        expect(tilesOf(size, level)[index]?.width).toBe(width);
        const span = 256 ** (level as number);
        const first = index * 256 * span;
        return Buffer.concat(
          Array.from({ length: width }, (_, i) => whole.range(first + i * span, first + (i + 1) * span)),
        );
      };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.nat(), (size, pick) => {
        const range = rangeOfTiles(size, read(size));
        const index = pick % size;
        expect(range(0, size)).toEqual(whole.root(size));
        expect(inclusionProof(index, size, range)).toEqual(inclusionProof(index, size, whole.range));
        expect(consistencyProof(index, size, range)).toEqual(consistencyProof(index, size, whole.range));
      }),
    );
  });
});

describe('a bundle of entries', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
        const bundle = encodeEntries(entries);
        expect(decodeEntries(bundle)?.map(leafHash)).toEqual(entries.map(leafHash));
        if (bundle.length > 0) expect(decodeEntries(bundle.subarray(0, -1))?.length).not.toBe(entries.length);
      }),
    );
  });

  it('takes no entry whose length does not fit', () => {
    expect(() => encodeEntries([Buffer.alloc(65_536)])).toThrow('too long');
    expect(decodeEntries(encodeEntries([Buffer.alloc(65_535)]))).toHaveLength(1);
  });
});
