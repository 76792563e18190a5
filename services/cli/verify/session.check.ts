import { mergedRanges, type Coverage } from './coverage.js';
import type { Erasures } from './erasures.js';
import { sameFinding, type Finding } from './finding.js';
import { checkChain, type ChainResult } from './session.chain.js';
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
  const columns = checkColumns(record, chain.sound, chain.whole);
  const ranges = mergedRanges(covered);
  const outside = events.filter((row) => !ranges.some(([from, to]) => isWithin(row, from, to)));
  const added = chain.findings.length > 0 ? [] : outside.filter((row) => coverage.passes(row));
  return {
    findings: [
      ...chain.findings,
      ...columns,
      ...leftOver(record, chain),
      ...added.map((row) => addedRow(session, row)),
    ],
    events: events.length,
    expired: chain.expired,
    uncovered: outside.length - added.length,
    ended: events.some((row) => textOf(row, 'type') === 'SessionEnded'),
  };
}

/** What is derived from events goes with the last of them. */
function leftOver(
  { session, events, summary, view, statements }: SessionRecord,
  { expired }: ChainResult,
): Finding[] {
  if (events.length > 0 || expired === 0 || !(summary || view || statements.length > 0)) return [];
  const where = `session ${session} summary`;
  return [{ kind: 'added row', where, why: 'its events have expired, and it with them' }];
}

const isWithin = (row: StoredRow, from: number, to: number): boolean => {
  const seq = Number(textOf(row, 'seq'));
  return seq >= from && seq <= to;
};

const addedRow = (session: string, row: StoredRow): Finding => ({
  kind: 'added row',
  where: `session ${session} seq ${textOf(row, 'seq')}`,
  why: 'the tree goes past its place in the log and does not have it',
});

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
