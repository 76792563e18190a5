import { payload, topics, TreeCutSchema, type TreeCut } from '#events';
import type { Coverage } from './coverage.js';
import type { Finding } from './finding.js';
import { eventOf, type StoredRow } from './stored.rows.js';
import { leavesOf, type Tree } from './trees.js';

interface Span {
  readonly first: number;
  readonly last: number;
}

/** Of one tree. */
interface Seen {
  /** Where its last batches ended. */
  readonly ends: bigint[];
  readonly spans: Iterator<Span, undefined>;
  span: Span | undefined;
}

/** A cut that came second is about as old as the one that counts. */
const mostEnds = 100;

/** How trees are cut stands in no tree, since each would then grow by itself. So it must be that, and fit the trees. */
export class CutCheck {
  readonly #trees: ReadonlyMap<string, Tree>;
  readonly #seen = new Map<string, Seen>();

  constructor(
    trees: readonly Tree[],
    private readonly coverage: Coverage,
  ) {
    this.#trees = new Map(trees.map((tree) => [tree.name, tree]));
  }

  /** In the order of the log. */
  check(where: string, row: StoredRow): Finding[] {
    const cut = cutOf(row);
    const why = cut
      ? this.#objection(cut, this.coverage.isDue(row))
      : 'this topic says how trees are cut, and nothing else';
    return why === undefined ? [] : [{ kind: 'added row', where, why }];
  }

  #objection({ topic, partition, after, through }: TreeCut, isDue: boolean): string | undefined {
    const name = `${topic}/${partition}`;
    const tree = this.#trees.get(name);
    if (!tree) return isDue ? `it cuts ${name}, and the log has no such tree` : undefined;
    const seen = this.#seen.get(name) ?? { ends: [after], spans: leafSpans(tree), span: undefined };
    this.#seen.set(name, seen);
    // Of two that begin at one place the first counts.
    if (!seen.ends.includes(after) || through <= after) return `no batch of ${name} ended at ${after}`;
    if (after !== seen.ends.at(-1)) return undefined;
    seen.ends.push(through);
    if (seen.ends.length > mostEnds) seen.ends.shift();
    return topic === topics.session ? undefined : misfit(name, seen, Number(through), isDue);
  }
}

/** Leaves and cuts come in the order of the log, so neither is held in memory. */
function misfit(name: string, seen: Seen, through: number, isDue: boolean): string | undefined {
  while ((seen.span?.last ?? -1) < through) {
    const { done, value } = seen.spans.next();
    if (done) return isDue ? `${name} ends before ${through}` : undefined;
    seen.span = value;
  }
  const { first, last } = seen.span ?? { first: 0, last: 0 };
  return first <= through && through < last ? `${name} has a leaf that goes on after ${through}` : undefined;
}

function* leafSpans(tree: Tree): Generator<Span, undefined> {
  for (const leaf of leavesOf(tree)) {
    const offsets = 'events' in leaf ? leaf.events.map(([offset]) => offset) : [];
    const [first] = offsets;
    if (first !== undefined) yield { first, last: offsets.at(-1) ?? first };
  }
  return undefined;
}

function cutOf(row: StoredRow): TreeCut | undefined {
  try {
    return payload(TreeCutSchema, eventOf(row).envelope);
  } catch {
    return undefined;
  }
}
