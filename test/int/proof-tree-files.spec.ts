import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LeafList, tilePath, tilesOf } from '#proof';
import { TreeFiles } from '../../services/audit/proof/tree.files.js';

const root = mkdtempSync(join(tmpdir(), 'weir-tree-files-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, String(folders++));
const entry = (i: number) => Buffer.from(`{"entry":${i}}`);
const entries = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => entry(from + i));

/** A saved tree, grown in batches of these sizes. */
async function grown(folder: string, ...sizes: number[]): Promise<TreeFiles> {
  let files = (await TreeFiles.open(folder))!;
  for (const size of sizes) {
    files.append(entries(files.size, files.size + size), files.through + size);
    await files.save();
    files = (await TreeFiles.open(folder))!;
  }
  return files;
}

describe('a tree in files', () => {
  it.each([
    ['one by one past a tile', Array.from({ length: 20 }, () => 14)],
    ['in large batches', [255, 1, 1, 700, 43]],
    ['exactly full', [256, 256]],
    ['in one', [2000]],
  ])('is the same after every save: %s', async (_, sizes) => {
    const folder = newFolder();
    const files = await grown(folder, ...sizes);
    const size = sizes.reduce((sum, each) => sum + each, 0);
    const whole = LeafList.of(entries(0, size));
    expect([files.size, files.through]).toEqual([size, size - 1]);
    for (const n of [0, 1, Math.floor(size / 2), size]) expect(files.root(n)).toEqual(whole.root(n));
    for (const level of [0, 1, 'entries'] as const)
      for (const tile of tilesOf(size, level)) expect(existsSync(join(folder, tilePath(tile)))).toBe(true);
    expect(existsSync(join(folder, 'tile/0/000.p'))).toBe(size < 256);
  });

  it('is what it was where a crash came before the save', async () => {
    const folder = newFolder();
    const files = await grown(folder, 300);
    files.append(entries(300, 400), 399);
    expect(files.root()).toEqual(LeafList.of(entries(0, 400)).root());
    const again = (await TreeFiles.open(folder))!;
    expect([again.size, again.through]).toEqual([300, 299]);
    const other = await grown(folder, 100);
    expect(other.root()).toEqual(files.root());
  });

  it.each<[string, (folder: string) => void]>([
    ['a tile', (folder) => rmSync(join(folder, 'tile/0/000'))],
    ['the last bundle', (folder) => rmSync(join(folder, 'tile/entries/001.p/44'))],
    ['half of the last tile', (folder) => truncateSync(join(folder, 'tile/0/001.p/44'), 100)],
    ['a level', (folder) => rmSync(join(folder, 'tile/1/000.p/1'))],
    [
      'what it says of itself',
      (folder) => writeFileSync(join(folder, 'state.json'), '{"size":300,"through":9,"root":""}'),
    ],
    ['all sense', (folder) => writeFileSync(join(folder, 'state.json'), 'x')],
  ])('is not believed where it has lost %s', async (what, lose) => {
    const folder = newFolder();
    await grown(folder, 300);
    lose(folder);
    const opened = await TreeFiles.open(folder);
    // A tile that is full is read when it is needed: the root of 300 entries is made of the level above it.
    if (what === 'a tile') expect(() => opened!.root(10)).toThrow('ENOENT');
    else expect(opened).toBeUndefined();
    const anew = await TreeFiles.clear(folder);
    expect([anew.size, anew.through]).toEqual([0, -1]);
  });
});
