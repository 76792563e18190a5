import { mergedRanges, treeOf, type Coverage } from './coverage.js';
import type { Erasures } from './erasures.js';
import { sameFinding, span, type Finding } from './finding.js';
import { checkChain, type ChainResult, type Covered } from './session.chain.js';
import { checkColumns } from './session.columns.js';
import { textOf, type SessionRecord, type StoredRow } from './stored.rows.js';

export interface SessionResult {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly expired: number;
  /** Events that no tree covers yet. */
  readonly uncovered: number;
  readonly ended: boolean;
}

/** Everything that can be held against a session's rows. */
export function checkSession(record: SessionRecord, coverage: Coverage, erasures?: Erasures): SessionResult {
  const { session, events } = record;
  const covered = coverage.ofSession(session);
  const chain = checkChain(record, covered, erasures);
  const columns = events.length > 0 ? checkColumns(record, chain.sound, chain.whole) : [];
  const ranges = mergedRanges(covered);
  const outside = events.filter((row) => !ranges.some(([from, to]) => isWithin(row, from, to)));
  const unproven = chain.findings.length > 0 ? [] : objections(session, outside, coverage);
  return {
    findings: [
      ...chain.findings,
      ...columns,
      ...leftOver(record, chain),
      ...unproven,
      ...misplaced(session, events, covered),
    ],
    events: events.length,
    expired: chain.expired,
    uncovered: unproven.length > 0 ? 0 : outside.length,
    ended: events.some((row) => textOf(row, 'type') === 'SessionEnded'),
  };
}

/** What is derived from events goes with the last of them, and does not come without one. */
function leftOver(
  { session, events, summary, view, statements }: SessionRecord,
  { expired, findings }: ChainResult,
): Finding[] {
  if (events.length > 0 || !(summary || view || statements.length > 0)) return [];
  if (expired === 0 && findings.length > 0) return [];
  const where = `session ${session} summary`;
  return [
    {
      kind: 'added row',
      where,
      why: expired > 0 ? 'its events have expired, and it with them' : 'no event is of it',
    },
  ];
}

const isWithin = (row: StoredRow, from: number, to: number): boolean => {
  const seq = Number(textOf(row, 'seq'));
  return seq >= from && seq <= to;
};

/** Of rows that no tree has, those that one should have. */
function objections(session: string, rows: readonly StoredRow[], coverage: Coverage): Finding[] {
  const byKind = new Map<string, { finding: Pick<Finding, 'kind' | 'why'>; seqs: number[] }>();
  for (const row of rows) {
    const finding = coverage.objection(row);
    if (!finding) continue;
    const same = byKind.get(finding.why) ?? { finding, seqs: [] };
    same.seqs.push(Number(textOf(row, 'seq')));
    byKind.set(finding.why, same);
  }
  return [...byKind.values()].flatMap(({ finding, seqs }) =>
    mergedRanges(seqs.map((seq) => ({ from: seq, to: seq }))).map(([from, to]) => ({
      ...finding,
      where: `session ${session} seq ${span(from, to)}`,
    })),
  );
}

/** A session is in one partition, which its rows must claim: the trees say which. */
function misplaced(session: string, rows: readonly StoredRow[], covered: readonly Covered[]): Finding[] {
  const known = covered.filter(({ tree }) => tree !== undefined);
  const home = known.at(-1)?.tree ?? treeOf(rows[0] ?? {});
  return rows.flatMap((row): Finding[] => {
    const tree = known.find(({ from, to }) => isWithin(row, from, to))?.tree ?? home;
    if (covered.length > known.length || treeOf(row) === tree) return [];
    const where = `session ${session} seq ${textOf(row, 'seq')}`;
    return [
      { kind: 'changed column partition', where, why: `it says ${treeOf(row)}, the session is in ${tree}` },
    ];
  });
}

/**
 * A session that goes on is read while it is written: what is found there must be found again. `again` reads it anew.
 */
export async function checkLiveSession(
  record: SessionRecord,
  coverage: Coverage,
  again: () => Promise<SessionRecord | undefined>,
  erasures?: Erasures,
): Promise<SessionResult> {
  let result = checkSession(record, coverage, erasures);
  for (let tries = 0; tries < 2 && result.findings.length > 0 && !result.ended; tries++) {
    const anew = await again();
    if (!anew) return result;
    const { findings, ...rest } = checkSession(anew, coverage, erasures);
    const before = result.findings;
    result = { ...rest, findings: findings.filter((each) => before.some((one) => sameFinding(one, each))) };
  }
  return result;
}
