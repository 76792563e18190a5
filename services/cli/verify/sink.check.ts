import { isNoCheckpoint, openCheckpoint, readCheckpoint, type Checkpoint, type VerifierKey } from '#proof';
import type { Finding } from './finding.js';
import type { Tree } from './trees.js';

export interface SinkResult {
  readonly findings: readonly Finding[];
  /** What a person must know of how far the sink vouches. */
  readonly notes: readonly string[];
}

/** The trees of the store against the checkpoints that went outside: what is there can't be taken back. */
export function checkSink(
  notes: readonly string[],
  trees: readonly Tree[],
  keys: readonly VerifierKey[],
): SinkResult {
  return new SinkCheck(trees, keys).run(new Set(notes));
}

class SinkCheck {
  readonly #findings: Finding[] = [];
  readonly #signers = new Signers();
  /** By origin: the size of the largest. */
  readonly #anchored = new Map<string, number>();

  constructor(
    private readonly trees: readonly Tree[],
    private readonly keys: readonly VerifierKey[],
  ) {}

  run(notes: ReadonlySet<string>): SinkResult {
    let others = 0;
    for (const note of notes)
      if (isNoCheckpoint(note)) others++;
      else this.#check(note);
    for (const { origin, checkpoint } of this.trees)
      if (this.#signers.isReplaced(origin, checkpoint.by)) this.#find(replaced(checkpoint, "the gate's"));
    const cutOff = `the sink's copy holds ${others} pieces that are no checkpoints: a write that was cut off leaves one`;
    return {
      findings: this.#findings,
      notes: [...(others > 0 ? [cutOff] : []), ...this.trees.flatMap((tree) => this.#reach(tree))],
    };
  }

  #check(note: string): void {
    const outside = openCheckpoint(note, this.keys);
    if (!outside) return this.#find(untrusted(note));
    const { origin, size, by } = outside;
    if (this.#signers.isReplaced(origin, by)) this.#find(replaced(outside, "the sink's"));
    this.#signers.saw(origin, by);
    this.#anchored.set(origin, Math.max(size, this.#anchored.get(origin) ?? 0));
    const finding = against(
      outside,
      this.trees.find((tree) => tree.origin === origin),
    );
    if (finding) this.#find(finding);
  }

  /** One of a kind is enough for each tree: where it was cut off, or the first that it no longer continues. */
  #find(finding: Finding): void {
    const isSaid = this.#findings.some(({ where, kind }) => where === finding.where && kind === finding.kind);
    if (!isSaid) this.#findings.push(finding);
  }

  #reach({ origin, checkpoint: { size } }: Tree): string[] {
    const anchored = this.#anchored.get(origin);
    if (anchored === undefined) return [`unanchored: the sink's copy has no checkpoint of ${origin}`];
    return anchored < size ? [`${origin}: the sink's copy vouches for ${anchored} of ${size} leaves`] : [];
  }
}

/** Who signed a tree's checkpoints in the order in which the sink got them. A key that was replaced does not come back. */
class Signers {
  readonly #now = new Map<string, string>();
  readonly #replaced = new Set<string>();

  saw(origin: string, { id }: VerifierKey): void {
    const before = this.#now.get(origin);
    if (before !== undefined && before !== id) this.#replaced.add(`${origin} ${before}`);
    this.#now.set(origin, id);
  }

  isReplaced(origin: string, { id }: VerifierKey): boolean {
    return this.#replaced.has(`${origin} ${id}`);
  }
}

const replaced = ({ origin, size }: Checkpoint, whose: string): Finding => ({
  kind: 're-signed checkpoint',
  where: origin,
  why: `${whose} checkpoint of size ${size} is signed by a key that another had replaced`,
});

function against({ origin, size, root }: Checkpoint, tree: Tree | undefined): Finding | undefined {
  if (!tree)
    return {
      kind: 'truncated tail',
      where: origin,
      why: `the sink has its checkpoint of size ${size}, the gate has no such tree`,
    };
  const own = tree.checkpoint.size;
  if (own < size)
    return {
      kind: 'truncated tail',
      where: origin,
      why: `the tree has ${own} leaves, the sink's checkpoint ${size}`,
    };
  if (tree.list.root(size).equals(root)) return undefined;
  return {
    kind: 're-signed checkpoint',
    where: origin,
    why: `its first ${size} leaves are not those of the sink's checkpoint of that size`,
  };
}

function untrusted(note: string): Finding {
  const said = readCheckpoint(note);
  return {
    kind: 're-signed checkpoint',
    where: said?.origin ?? 'the sink',
    why: `no key that is trusted signed the sink's checkpoint of size ${said?.size}`,
  };
}
