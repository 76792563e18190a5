import type { Clock, Principal } from '#kernel';
import type { MaskingSet } from '#masking';
import type { BudgetWindow, Obligations, Verdict } from '#policy-engine';
import type { Budgets } from './budget/budgets.js';
import { narrowest, type LookupUse } from './budget/lookup-register.js';
import { lengthOf } from './budget/window-budget.js';
import type { Judgement, Parameter } from './gate.js';
import { maskWrittenBack, parametersProblem } from './inbound.js';
import { encodeDecision } from './judgement.record.js';
import { lookedUp, lookupProblem, type LookedUp } from './lookup-values.js';

export interface ExecutionCheckParts {
  readonly principal: Principal;
  readonly connection: string;
  readonly lookups: Budgets['lookups'];
  readonly masking: () => MaskingSet;
  readonly clock: Clock;
}

/** Where no policy says otherwise. */
export const defaultLookups: readonly BudgetWindow[] = [{ amount: 200, ms: 3_600_000 }];

const longestWaitMs = 60_000;

/** What only the parameters of an execution tell: values that may not be sent, and how much is looked up. */
export class ExecutionCheck {
  private readonly uses = new WeakMap<object, LookupUse>();

  constructor(private readonly parts: ExecutionCheckParts) {}

  /** The same judgement, or one that is denied or held. What may be looked up is counted with this. */
  check(judgement: Judgement, parameters: readonly Parameter[]): Judgement {
    const masking = this.parts.masking();
    const forbidden = parametersProblem(masking, parameters);
    // Its parameters are not recorded: near masked columns none is.
    if (forbidden !== undefined) return { ...denied(judgement, forbidden, 'inbound'), clean: false };
    const destroyed = maskWrittenBack(judgement.inbound.writes, parameters);
    if (destroyed !== undefined) return denied(judgement, destroyed, 'masking');
    return judgement.lookups.length === 0 ? judgement : this.checkLookups(judgement, parameters);
  }

  /** What its look-ups have left used, once: how it is recorded. */
  takeUse(judgement: Judgement, parameters: readonly Parameter[]): LookupUse | undefined {
    if (judgement.lookups.length === 0) return undefined;
    const key = useKey(judgement, parameters);
    const use = this.uses.get(key);
    this.uses.delete(key);
    return use;
  }

  /** Somebody has approved them: they count all the same. */
  approved(judgement: Judgement, parameters: readonly Parameter[]): void {
    const found = lookedUp(judgement.lookups, parameters);
    if (found !== 'unreadable') this.count(found);
  }

  private checkLookups(judgement: Judgement, parameters: readonly Parameter[]): Judgement {
    const found = lookedUp(judgement.lookups, parameters);
    const problem = lookupProblem(found);
    if (found === 'unreadable' || problem !== undefined) return denied(judgement, problem ?? '', 'masking');
    const { obligations } = judgement.verdict;
    const { lookups, clock } = this.parts;
    const windows = obligations.maxLookupsPer ?? defaultLookups;
    const beyond = this.beyond(judgement, found, windows);
    if (!beyond) this.count(found);
    const answer = beyond ?? judgement;
    const uses = found.flatMap((each) => lookups.use(this.key(each), windows, clock.now()) ?? []);
    const use = narrowest(uses);
    if (use) this.uses.set(useKey(answer, parameters), use);
    return answer;
  }

  private beyond(
    judgement: Judgement,
    found: readonly LookedUp[],
    windows: readonly BudgetWindow[],
  ): Judgement | undefined {
    const { lookups, clock } = this.parts;
    for (const { column, values } of found) {
      const window = lookups.exceeded(this.key({ column, values }), values, windows, clock.now());
      if (!window) continue;
      const name = `${column.schema}.${column.table}.${column.column}`;
      return beyondLookups(
        judgement,
        `it looks up more than ${window.amount} different values of masked column ${name} in ${lengthOf(window.ms)}`,
      );
    }
    return undefined;
  }

  private count(found: readonly LookedUp[]): void {
    const { lookups, clock } = this.parts;
    for (const each of found) lookups.add(this.key(each), each.values, clock.now());
  }

  private key({ column }: LookedUp): string {
    const { principal, connection } = this.parts;
    const { tableOid, attnum } = column.countedAt ?? column;
    return JSON.stringify([principal.id, connection, tableOid, attnum]);
  }
}

/** Executions share a judgement, those without parameters also an empty list of them. */
const useKey = (judgement: Judgement, parameters: readonly Parameter[]): object =>
  parameters.length > 0 ? parameters : judgement;

/** Held, where policies name who may approve it; one that is held anyway asks both. */
function beyondLookups(judgement: Judgement, reason: string): Judgement {
  const { verdict } = judgement;
  const { lookupApprovers = [] } = verdict.obligations;
  if (lookupApprovers.length === 0) return denied(judgement, reason, 'masking');
  const isHeld = verdict.decision === 'hold';
  const waiting: Partial<Obligations> = isHeld ? {} : { mode: 'wait', waitMs: longestWaitMs };
  const obligations: Obligations = {
    ...verdict.obligations,
    ...waiting,
    approvers: [...new Set([...(isHeld ? verdict.obligations.approvers : []), ...lookupApprovers])],
    quorum: Math.max(1, verdict.obligations.quorum),
  };
  return decidedAs(judgement, {
    ...verdict,
    decision: 'hold',
    reason: isHeld ? `${verdict.reason}; ${reason}` : reason,
    obligations,
  });
}

function denied(judgement: Judgement, reason: string, policyId: string): Judgement {
  return decidedAs(judgement, { ...judgement.verdict, decision: 'deny', reason, policyIds: [policyId] });
}

/** The same judgement with another verdict, in its record too. */
export function decidedAs(judgement: Judgement, verdict: Verdict): Judgement {
  return { ...judgement, verdict, recorded: Buffer.concat([judgement.recorded, encodeDecision(verdict)]) };
}
