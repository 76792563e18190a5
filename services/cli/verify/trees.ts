import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  decodeEntries,
  decodeLeaf,
  LeafList,
  openCheckpoint,
  parseVerifierKeys,
  readCheckpoint,
  splitCheckpoints,
  tilePath,
  tilesOf,
  tileWidth,
  type SignedCheckpoint,
  type Leaf,
  type Tile,
  type VerifierKey,
} from '#proof';
import { CliError, exit, usageError } from '../exit-codes.js';
import type { Cli } from '../verb.js';
import type { Finding } from './finding.js';

/** A tree whose checkpoint is signed by a key that is trusted and whose entries are those of its root. */
export interface Tree {
  readonly origin: string;
  /** `weir.session.v1/0`: the end of the origin. */
  readonly name: string;
  readonly note: string;
  readonly checkpoint: SignedCheckpoint;
  readonly entries: readonly Buffer[];
  readonly list: LeafList;
}

/** Decoded as they are asked for: they are many, and their bytes are a fifth of what they come to. */
export function* leavesOf({ entries }: Pick<Tree, 'entries'>): Generator<Leaf> {
  for (const entry of entries) {
    const leaf = decodeLeaf(entry);
    if (leaf) yield leaf;
  }
}

export async function trustedKeys(file: string | undefined, cli: Cli): Promise<VerifierKey[]> {
  const text =
    file === undefined
      ? await (await cli.api('auditor').send('GET', '/log/keys')).text()
      : await readInput(file, cli);
  try {
    return parseVerifierKeys(text);
  } catch (error) {
    throw usageError(`${file ?? 'the keys of the gate'}: ${(error as Error).message}`);
  }
}

/** The checkpoints of a sink's copy, as they are. */
export async function sinkNotes(file: string, cli: Cli): Promise<string[]> {
  return splitCheckpoints(await readInput(file, cli, missingSink));
}

const missingSink =
  'the first checkpoint makes it, up to 15 s (audit.proof.interval) after the audit service started with audit.proof.sink: wait, or name the file that stands there, or a copy';

/** `missing`: what to do where there is no such file. */
export async function readInput(file: string, cli: Cli, missing?: string): Promise<string> {
  try {
    return await readFile(resolve(cli.cwd, file), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new CliError(exit.usage, `${file}: ${message}`, 'INPUT_INVALID');
    throw new CliError(exit.usage, `${file}: there is no such file`, 'INPUT_INVALID', missing);
  }
}

/** Of several audit services behind one address one may be behind: it has tiles of another's checkpoint some seconds later. */
const mostTries = 10;
const tryEvery = 500;

/** The gate's trees; what is wrong with one is a finding, and its leaves are then not believed. */
export async function loadTrees(
  keys: readonly VerifierKey[],
  cli: Cli,
  pause: (milliseconds: number) => Promise<unknown> = delay,
): Promise<{ trees: Tree[]; findings: Finding[] }> {
  const text = await (await cli.api('auditor').send('GET', '/log/checkpoint')).text();
  const trees: Tree[] = [];
  const findings: Finding[] = [];
  const tiles = new Tiles(cli, pause);
  for (const note of splitCheckpoints(text)) {
    const loaded = await loadTree(note, keys, tiles);
    if ('kind' in loaded) findings.push(loaded);
    else if (trees.some(({ name }) => name === loaded.name)) findings.push(second(loaded));
    else trees.push(loaded);
  }
  return { trees, findings };
}

async function loadTree(note: string, keys: readonly VerifierKey[], tiles: Tiles): Promise<Tree | Finding> {
  const checkpoint = openCheckpoint(note, keys);
  const where = readCheckpoint(note)?.origin ?? 'a checkpoint that cannot be read';
  if (!checkpoint) return { kind: 're-signed checkpoint', where, why: 'no key that is trusted signed it' };
  const { origin, size, root } = checkpoint;
  const name = origin.slice(checkpoint.by.name.length + 1);
  if (!treeName.test(name))
    return { kind: 're-signed checkpoint', where, why: 'it is of no tree that a gate has' };
  const entries = await tiles.entries(name, size);
  if (!Array.isArray(entries)) return missing(origin, entries.missing);
  const list = LeafList.of(entries);
  if (list.size !== size || !list.root().equals(root) || !entries.every(decodeLeaf))
    return { kind: 'changed tree', where: origin, why: `its entries are not those of its signed root` };
  return { origin, name, note, checkpoint, entries, list };
}

/** `topic/partition` */
const treeName = /^weir\.[a-z]+\.v\d+\/\d+$/;

/** A second one could vouch for rows that the first, which the sink knows, has not. */
const second = ({ origin, name }: Tree): Finding => ({
  kind: 're-signed checkpoint',
  where: origin,
  why: `the gate names more than one tree of ${name}`,
});

/** Nothing is believed of it, and nobody is accused: whoever serves it may only be behind. */
const missing = (where: string, path: string): Finding => ({
  kind: 'missing tile',
  where,
  why: `${path} is not there: the tree cannot be verified now. An audit service may be behind: try again; if it stays so, tiles were removed`,
});

/** The tiles of a gate's trees. For those that are not there it waits some seconds, once for all trees. */
class Tiles {
  #tries = mostTries;

  constructor(
    private readonly cli: Cli,
    private readonly pause: (milliseconds: number) => Promise<unknown>,
  ) {}

  /** Fewer than `size` where a bundle is none. */
  async entries(tree: string, size: number): Promise<Buffer[] | { readonly missing: string }> {
    const entries: Buffer[] = [];
    for (const tile of tilesOf(size, 'entries')) {
      const bytes = await this.#patiently(tree, tile);
      if (!bytes) return { missing: tilePath(tile) };
      entries.push(...(decodeEntries(bytes)?.slice(0, tile.width) ?? []));
    }
    return entries;
  }

  async #patiently(tree: string, tile: Tile): Promise<Buffer | undefined> {
    for (;;) {
      // A partial bundle may have been replaced by the full one since the checkpoint was read.
      const bytes =
        (await this.#bytes(tree, tilePath(tile))) ??
        (await this.#bytes(tree, tilePath({ ...tile, width: tileWidth })));
      if (bytes || this.#tries-- <= 0) return bytes;
      await this.pause(tryEvery);
    }
  }

  async #bytes(tree: string, path: string): Promise<Buffer | undefined> {
    try {
      const answer = await this.cli.api('auditor').send('GET', `/log/trees/${tree}/${path}`);
      return Buffer.from(await answer.arrayBuffer());
    } catch (error) {
      if (error instanceof CliError && error.exitCode === exit.notFound) return undefined;
      throw error;
    }
  }
}
