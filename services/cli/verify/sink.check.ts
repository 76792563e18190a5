import { openCheckpoint, readCheckpoint, type Checkpoint, type VerifierKey } from '#proof';
import type { Finding } from './finding.js';
import type { Tree } from './trees.js';

/** The trees of the store against the checkpoints that went outside: what is there can't be taken back. */
export function checkSink(
  notes: readonly string[],
  trees: readonly Tree[],
  keys: readonly VerifierKey[],
): Finding[] {
  const findings: Finding[] = [];
  for (const note of new Set(notes)) {
    const outside = openCheckpoint(note, keys);
    if (!outside) findings.push(untrusted(note));
    else {
      const finding = against(
        outside,
        trees.find(({ origin }) => origin === outside.origin),
      );
      // One for each tree is enough: where it was cut off, or the first that it no longer continues.
      if (finding && !findings.some((each) => each.where === finding.where && each.kind === finding.kind))
        findings.push(finding);
    }
  }
  return findings;
}

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
    where: said ? said.origin : 'the sink',
    why: said
      ? `no key that is trusted signed the sink's checkpoint of size ${said.size}`
      : 'the sink holds what is no checkpoint',
  };
}
