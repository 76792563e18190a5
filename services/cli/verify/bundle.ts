import { z } from 'zod';
import {
  decodeLeaf,
  inclusionProof,
  leafHash,
  openCheckpoint,
  readCheckpoint,
  strictBase64,
  verifyInclusion,
  type Checkpoint,
  type Leaf,
  type VerifierKey,
} from '#proof';
import { coverageOf, mergedRanges } from './coverage.js';
import { span, type Finding } from './finding.js';
import { checkChain, type ChainResult, type Covered } from './session.chain.js';
import { eventOf, textOf, type SessionRecord, type StoredRow } from './stored.rows.js';
import { leavesOf, type Tree } from './trees.js';

const format = 'weir-session-bundle/1';

/** A session that can be verified without the gate that recorded it: one JSON document. */
const bundleSchema = z.strictObject({
  format: z.literal(format),
  session: z.string().min(1),
  /** The events' exact bytes, base64, by seq. */
  events: z.array(z.string()),
  /** Verifier keys that the gate named: whoever verifies pins their own. */
  keys: z.array(z.string()),
  trees: z.array(
    z.strictObject({
      /** A signed note. */
      checkpoint: z.string(),
      /** The tree's entries that are of this session, and what proves that they stand in it. */
      leaves: z.array(
        z.strictObject({ index: z.int().min(0), entry: z.string(), proof: z.array(z.string()) }),
      ),
    }),
  ),
});
export type Bundle = z.infer<typeof bundleSchema>;

/** Of what the trees cover: anything else would prove nothing. */
export function makeBundle(
  record: SessionRecord,
  trees: readonly Tree[],
  keys: readonly VerifierKey[],
): Bundle {
  const rows = [...record.events, ...record.deadLetters];
  const ranges = mergedRanges(coverageOf(trees, record.session).ofSession(record.session));
  const covered = rows.filter((row) => ranges.some(([from, to]) => seqOf(row) >= from && seqOf(row) <= to));
  return {
    format,
    session: record.session,
    events: covered.sort((a, b) => seqOf(a) - seqOf(b)).map((row) => textOf(row, 'raw')),
    keys: keys.map(({ text }) => text),
    trees: trees
      .map((tree) => ({ checkpoint: tree.note, leaves: provenLeaves(tree, record.session) }))
      .filter(({ leaves }) => leaves.length > 0),
  };
}

/** Undefined for what is no bundle. */
export function parseBundle(text: string): Bundle | undefined {
  try {
    return bundleSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export interface BundleResult {
  readonly findings: readonly Finding[];
  readonly chain: ChainResult;
  readonly events: number;
  /** Whether the last of them is the session's end, and stands in the tree. */
  readonly ended: boolean;
  /** What the bundle's trees were when it was made. */
  readonly checkpoints: readonly Checkpoint[];
}

export function checkBundle(bundle: Bundle, keys: readonly VerifierKey[]): BundleResult {
  const findings: Finding[] = [];
  const covered: Covered[] = [];
  const checkpoints: Checkpoint[] = [];
  for (const { checkpoint: note, leaves } of bundle.trees) {
    const checkpoint = openCheckpoint(note, keys);
    const where = readCheckpoint(note)?.origin ?? 'a checkpoint that cannot be read';
    if (!checkpoint)
      findings.push({ kind: 're-signed checkpoint', where, why: 'no key that is trusted signed it' });
    else {
      checkpoints.push(checkpoint);
      for (const leaf of leaves) {
        const proven = isSessionTree(checkpoint) && provenLeaf(leaf, checkpoint, bundle.session);
        if (proven) covered.push(proven);
        else
          findings.push({
            kind: 'changed tree',
            where,
            why: `leaf ${leaf.index} is not proven to stand in it`,
          });
      }
    }
  }
  const chain = checkChain(recordOf(bundle), covered);
  const unproven = unprovenEvents(bundle, covered);
  return {
    findings: [...findings, ...chain.findings, ...unproven],
    chain,
    events: bundle.events.length,
    ended: unproven.length === 0 && typeOfBytes(bundle.events.at(-1) ?? '').endsWith('.SessionEnded'),
    checkpoints,
  };
}

/** Offline nobody can say that it is merely young: what no checkpoint of the bundle covers may be invented. */
function unprovenEvents({ session, events }: Bundle, covered: readonly Covered[]): Finding[] {
  if (covered.length === 0)
    return [
      {
        kind: 'unproven',
        where: `${events.length} events of session ${session}`,
        why: 'the bundle has no tree in which the session stands',
      },
    ];
  const ranges = mergedRanges(covered);
  const seqs = events.map(seqOfBytes).filter((seq) => !ranges.some(([from, to]) => seq >= from && seq <= to));
  if (seqs.length === 0) return [];
  const runs = mergedRanges(seqs.map((seq) => ({ from: seq, to: seq }))).map(([from, to]) => span(from, to));
  const where = `${seqs.length} events of session ${session}, seq ${runs.slice(0, 5).join(', ')}`;
  return [{ kind: 'unproven', where, why: 'no checkpoint of the bundle covers them' }];
}

const isSessionTree = ({ origin }: Checkpoint): boolean => /\/weir\.session\.v1\/\d+$/.test(origin);

function provenLeaf(
  { index, entry, proof }: Bundle['trees'][number]['leaves'][number],
  { size, root }: Checkpoint,
  session: string,
): Covered | undefined {
  const bytes = Buffer.from(entry);
  const hashes = proof.map((each) => strictBase64(each) ?? Buffer.alloc(0));
  const leaf: Leaf | undefined = decodeLeaf(bytes);
  if (!leaf || !('session' in leaf) || leaf.session !== session) return undefined;
  return verifyInclusion({ index, size, root, leaf: leafHash(bytes), proof: hashes }) ? leaf : undefined;
}

function provenLeaves(
  { entries, list, checkpoint }: Tree,
  session: string,
): Bundle['trees'][number]['leaves'] {
  return [...leavesOf({ entries })].flatMap((leaf, index) => {
    if (!('session' in leaf) || leaf.session !== session) return [];
    const proof = inclusionProof(index, checkpoint.size, list.range).map((hash) => hash.toString('base64'));
    return [{ index, entry: entries[index]!.toString('utf8'), proof }];
  });
}

/** A bundle has no rows: what an event says of its place is all there is. */
function recordOf({ session, events }: Bundle): SessionRecord {
  const rows = events.map((raw): StoredRow => ({ raw, seq: String(seqOfBytes(raw)) }));
  return {
    session,
    events: rows,
    deadLetters: [],
    expired: [],
    statements: [],
    summary: undefined,
    view: undefined,
  };
}

const seqOf = (row: StoredRow): number => Number(textOf(row, 'seq'));

function typeOfBytes(raw: string): string {
  try {
    return eventOf({ raw }).envelope.type;
  } catch {
    return '';
  }
}

function seqOfBytes(raw: string): number {
  try {
    return Number(eventOf({ raw }).envelope.link?.seq ?? 0n);
  } catch {
    return 0;
  }
}
