import { sameFinding, type Finding } from './finding.js';
import { checkChain, type Covered } from './session.chain.js';
import { checkColumns } from './session.columns.js';
import { textOf, type SessionRecord } from './stored.rows.js';

export interface SessionResult {
  readonly findings: readonly Finding[];
  readonly events: number;
  /** Events that no tree covers yet. */
  readonly uncovered: number;
  readonly ended: boolean;
}

/** Everything that can be held against a session's rows. */
export function checkSession(record: SessionRecord, covered: readonly Covered[]): SessionResult {
  const chain = checkChain(record, covered);
  const columns = checkColumns(record, chain.sound, chain.whole);
  const lastCovered = covered.reduce((most, { to }) => Math.max(most, to), 0);
  return {
    findings: [...chain.findings, ...columns],
    events: record.events.length,
    uncovered: record.events.filter((row) => Number(textOf(row, 'seq')) > lastCovered).length,
    ended: record.events.some((row) => textOf(row, 'type') === 'SessionEnded'),
  };
}

/**
 * A session that goes on is read while it is written: what is found there must be found again. `again` reads it anew.
 */
export async function checkLiveSession(
  record: SessionRecord,
  covered: readonly Covered[],
  again: () => Promise<SessionRecord | undefined>,
): Promise<SessionResult> {
  let result = checkSession(record, covered);
  for (let tries = 0; tries < 2 && result.findings.length > 0 && !result.ended; tries++) {
    const anew = await again();
    if (!anew) return result;
    const { findings, ...rest } = checkSession(anew, covered);
    const before = result.findings;
    result = { ...rest, findings: findings.filter((each) => before.some((one) => sameFinding(one, each))) };
  }
  return result;
}
