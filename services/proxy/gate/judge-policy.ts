import type { Standing } from '#domain';
import type { Principal } from '#kernel';
import type {
  ConnectionRef,
  DecisionContext,
  Obligations,
  PolicySnapshot,
  ResolvedAccess,
  Verdict,
} from '#policy-engine';
import type { Analysis } from '#statement';
import { underQuarantine } from './quarantine.js';

const noObligations: Obligations = {
  approvers: [],
  quorum: 1,
  mode: 'wait',
  waitMs: 0,
  waitInTransaction: false,
};

export interface PolicyQuestion {
  readonly principal: Principal;
  readonly connection: ConnectionRef;
  readonly snapshot: PolicySnapshot;
  readonly now: number;
  readonly inTransaction: boolean;
  /** What findings and people make of the principal. */
  readonly standing: Standing;
  readonly quarantineApprovers: string | undefined;
  /** It touches what is masked, or classified. */
  readonly sensitive: boolean;
  readonly analysis: Analysis;
  /** What it calls; below EXECUTE and FETCH too. */
  readonly functions: ReadonlySet<string>;
  readonly accesses: readonly ResolvedAccess[];
  /** The text and, below EXECUTE and FETCH, what they run. */
  readonly writes: boolean;
  readonly returnsRows: boolean;
  readonly runsOther: boolean;
}

/** What policies say, made fit for what can be done with a stream of messages. */
export function askPolicies(question: PolicyQuestion): Verdict {
  const { principal, connection, accesses, analysis, snapshot } = question;
  // An empty query asks for nothing.
  if (analysis.statements.length === 0)
    return { ...denial('', '', snapshot), decision: 'allow', policyIds: [] };
  const said = snapshot.decide({ principal, connection, accesses, context: contextOf(question) });
  const verdict = underQuarantine(said, question);
  return askable(cuttable(approvable(verdict, question), question), question);
}

export function denial(reason: string, policyId: string, { version }: PolicySnapshot): Verdict {
  return {
    decision: 'deny',
    reason,
    policyIds: policyId === '' ? [] : [policyId],
    obligations: noObligations,
    snapshot: version,
  };
}

/** Whether a result may be cut off before its end. */
export function isBounded({ maxRows, maxBytes, maxRowsPer, maxBytesPer }: Obligations): boolean {
  return [maxRows, maxBytes, maxRowsPer, maxBytesPer].some((bound) => bound !== undefined);
}

/** A person approves what is written there: not what the session puts behind it a moment later. */
function approvable(verdict: Verdict, { functions, snapshot }: PolicyQuestion): Verdict {
  const changeable = verdict.decision === 'hold' && sessionsOwn.find((name) => functions.has(name));
  if (!changeable) return verdict;
  const reason = `nobody can approve what ${changeable} will give: write the value itself`;
  return denial(reason, '', snapshot);
}

const sessionsOwn: readonly string[] = ['current_setting', 'currval', 'lastval'];

/** A read that may be cut off and a write in one query string: the write would run after the cut, or not. */
function cuttable(verdict: Verdict, { analysis, snapshot }: PolicyQuestion): Verdict {
  const { statements } = analysis;
  const mixed =
    statements.length > 1 && statements.some((s) => s.writes) && statements.some((s) => s.returnsRows);
  if (!mixed || verdict.decision === 'deny' || !isBounded(verdict.obligations)) return verdict;
  const reason = 'it mixes a read with a row budget and a write in one query string: send them one by one';
  return denial(reason, '', snapshot);
}

/** The rest of a result can be asked for only where running the text again gives it, and nothing else. */
function askable(verdict: Verdict, { analysis, writes, returnsRows, runsOther }: PolicyQuestion): Verdict {
  if (!verdict.obligations.onExcess) return verdict;
  if (analysis.statements.length === 1 && returnsRows && !writes && !runsOther) return verdict;
  const { onExcess: _, ...obligations } = verdict.obligations;
  return { ...verdict, obligations };
}

function contextOf({ analysis, inTransaction, now, standing }: PolicyQuestion): DecisionContext {
  const { statements } = analysis;
  const at = new Date(now);
  return {
    hour: at.getUTCHours(),
    weekday: at.getUTCDay() || 7,
    kinds: statements.map((s) => s.kind),
    functions: [...new Set(statements.flatMap((s) => s.functions))],
    hasLimit: statements.every((s) => s.hasLimit),
    multiStatement: statements.length > 1,
    inTransaction,
    locksRows: statements.some((s) => s.locksRows),
    risk: standing.risk,
  };
}
