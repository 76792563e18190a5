import { join } from 'node:path';
import type { EventLog, LoggedEvent } from '#event-log';
import { topics } from '#events';
import { AppError } from '#kernel';
import {
  consistencyProof,
  encodeLeaf,
  eventLeaves,
  inclusionProof,
  openCheckpoint,
  readCheckpoint,
  sessionLeaves,
  signCheckpoint,
} from '#proof';
import type { ProofKeys } from './proof.keys.js';
import { treeKey, type Cut, type TreeName } from './tree.cuts.js';
import { TreeFiles } from './tree.files.js';
import { readIfThere, writeWhole } from './whole.file.js';

const readLimit = 1000;
/** While the sink is away: a day of them and more. */
const mostUnsent = 10_000;

export interface TreeWriterOptions {
  readonly tree: TreeName;
  /** Where trees lie. */
  readonly folder: string;
  readonly log: Pick<EventLog, 'read'>;
  readonly keys: ProofKeys;
}

/** Hashes, and the checkpoint that they lead to. */
export interface TreeProof {
  readonly checkpoint: string;
  readonly proof: readonly Buffer[];
}

/** Makes the tree of one partition from the log and its cuts, and signs what it has become. */
export class TreeWriter {
  /** The newest checkpoint; undefined: none yet. */
  note: string | undefined;
  /** What the sink is still to get, the oldest first: whoever was shown one must find it there. */
  readonly unsent: string[] = [];
  readonly #folder: string;

  private constructor(
    private readonly options: TreeWriterOptions,
    private files: TreeFiles,
  ) {
    this.#folder = folderOf(options.folder, options.tree);
  }

  static async open(options: TreeWriterOptions): Promise<TreeWriter> {
    const folder = folderOf(options.folder, options.tree);
    const files = (await TreeFiles.open(folder)) ?? (await TreeFiles.clear(folder));
    const writer = new TreeWriter(options, files);
    const note = await readIfThere(join(folder, 'checkpoint'));
    writer.note = note?.toString('utf8');
    await writer.#sign(); // what a crash kept it from
    if (writer.unsent.length === 0 && writer.note !== undefined) writer.unsent.push(writer.note);
    return writer;
  }

  /** The offset of the last event that stands in the tree; -1: none. */
  get through(): number {
    return this.files.through;
  }

  get tree(): TreeName {
    return this.options.tree;
  }

  /** What proves, by the newest checkpoint, that an entry stands in the tree. Throws RangeError where there is none. */
  inclusion(index: number): TreeProof {
    const { note, size } = this.#signed();
    return { checkpoint: note, proof: inclusionProof(index, size, this.files.range()) };
  }

  /** What proves, by the newest checkpoint, that the tree of `first` entries is its beginning. */
  consistency(first: number): TreeProof {
    const { note, size } = this.#signed();
    return { checkpoint: note, proof: consistencyProof(first, size, this.files.range()) };
  }

  #signed(): { note: string; size: number } {
    const size = this.note === undefined ? undefined : readCheckpoint(this.note)?.size;
    if (this.note === undefined || size === undefined || size > this.files.size)
      throw new RangeError('the tree has no checkpoint');
    return { note: this.note, size };
  }

  /** Takes the next batch into the tree; a cut that is in it already changes nothing. */
  async apply(cut: Cut): Promise<void> {
    if (!this.#isNext(cut)) return;
    const batch = (await this.#read(cut)).map(({ position, raw }) => ({ offset: position.offset, raw }));
    // Reading took its time: nothing is signed that another call has put into the tree meanwhile.
    if (!this.#isNext(cut)) return;
    const leaves = cut.topic === topics.session ? sessionLeaves(batch) : eventLeaves(batch);
    this.files.append(leaves.map(encodeLeaf), cut.through);
    await this.files.save();
    await this.#sign();
  }

  /** False for one that is in the tree already; throws where it does not go on where the tree ends. */
  #isNext(cut: Cut): boolean {
    const { through } = this.files;
    if (cut.through <= through) return false;
    // Not our cuts: this folder was copied from somewhere, or the log was.
    if (cut.after !== through)
      throw new AppError('INTERNAL', `the tree of ${treeKey(cut)} ends at ${through}, not at ${cut.after}`);
    return true;
  }

  /** A log never signs what does not continue what it signed before. */
  async #sign(): Promise<void> {
    const { keys, tree } = this.options;
    const { size } = this.files;
    if (size === 0) return;
    const before = this.note === undefined ? undefined : openCheckpoint(this.note, keys.verifiers);
    if (before && before.size > size) return; // made anew, and not yet where it was
    if (before && !this.files.root(before.size).equals(before.root))
      throw new AppError(
        'INTERNAL',
        `the tree of ${treeKey(tree)} does not continue the checkpoint of size ${before.size}`,
      );
    const origin = originOf(keys, tree);
    const note = signCheckpoint({ origin, size, root: this.files.root() }, keys.signer);
    if (note === this.note) return;
    await writeWhole(join(this.#folder, 'checkpoint'), note);
    this.note = note;
    this.unsent.push(note);
    if (this.unsent.length > mostUnsent) this.unsent.shift();
  }

  async #read({ topic, partition, after, through }: Cut): Promise<LoggedEvent[]> {
    const events: LoggedEvent[] = [];
    for (let at = after; at < through;) {
      const more = await this.options.log.read({ topic, partition, offset: at }, readLimit);
      const last = more.at(-1)?.position.offset;
      if (last === undefined)
        throw new AppError(
          'LOG_UNAVAILABLE',
          `the log does not have ${topic}/${partition} from ${at} to ${through}`,
        );
      events.push(...more.filter(({ position }) => position.offset <= through));
      at = last;
    }
    return events;
  }
}

export const originOf = (keys: ProofKeys, tree: TreeName): string =>
  `${keys.signer.verifier.name}/${treeKey(tree)}`;

export const folderOf = (folder: string, { topic, partition }: TreeName): string =>
  join(folder, topic, String(partition));
