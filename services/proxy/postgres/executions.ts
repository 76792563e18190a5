import { AppError, isAppError } from '#kernel';
import type { ExecutionDetails, Judgement } from '../gate/gate.js';
import { circumstancesOf } from './circumstances.js';
import { denial } from './client-errors.js';
import { planCopyIn } from './copy-in.js';
import { copyOutProblem, planCopiesOut } from './copy-out-plan.js';
import type { Holding } from './holding.js';
import { Need, type Knowledge } from './knowledge.js';
import { heldBySqlProblem } from './name-limits.js';
import type { Questions } from './questions.js';
import { Run } from './run.js';
import { cursorsSpent, hiddenEffect } from './session-effects.js';
import type { Portal } from './session-objects.js';
import type { SessionParts } from './session-parts.js';
import { Spending } from './spending.js';

/** What both protocols share: whether one execution may go, with everything that is known of it. */
export class Executions {
  constructor(
    private readonly parts: SessionParts,
    private readonly holding: Holding,
    private readonly questions: Questions,
  ) {}

  /** `portal`: what an Execute runs. */
  begin(kind: Run['kind'], judgement: Judgement, details: ExecutionDetails, portal: Portal | undefined): Run {
    const { session, limits, conversation } = this.parts;
    const spent = new Spending(portal?.spent, cursorsSpent(judgement, conversation.names));
    return new Run(kind, judgement, details, portal, session, limits.recordBytes, spent);
  }

  /** Why it may not go, or what must be known first. `place`: of its message in its unit. */
  decide(run: Run, place: number, knowledge: Readonly<Knowledge>): AppError | Need | undefined {
    run.execution = knowledge.holds?.get(place)?.execution;
    if (!run.judgement.settled) run.judgement = this.byParameters(run);
    const { decision } = run.judgement.verdict;
    if (decision === 'deny') return denial(run.judgement);
    const stale = this.parts.session.stale(run.judgement);
    if (stale) return stale;
    const hidden = hiddenEffect(run.judgement, this.parts.conversation.names);
    if (hidden !== undefined) return new AppError('STATEMENT_DENIED', runItself(hidden));
    const tooMuch = heldBySqlProblem(run.judgement, this.parts.conversation.names);
    if (tooMuch) return tooMuch;
    const copyProblem = copyOutProblem(run.judgement);
    if (copyProblem) return copyProblem;
    const held = decision === 'hold' ? this.holding.answer(run, place, knowledge) : undefined;
    if (held) return held;
    const copies = planCopiesOut(run, place, knowledge, this.parts, this.questions);
    if (copies instanceof Need || copies instanceof AppError) return copies;
    run.copies = copies;
    return this.checkCopyIn(run);
  }

  private checkCopyIn(run: Run): AppError | undefined {
    const { session } = this.parts;
    if (run.judgement.effects.length === 0 || !session.inboundRules) return undefined;
    try {
      run.copyIn = planCopyIn(run.judgement, (value) => session.inbound(value));
      return undefined;
    } catch (error) {
      if (isAppError(error)) return error;
      throw error;
    }
  }

  /** Values that may not be sent, look-ups beyond their number, a grant for a larger result. */
  private byParameters({ judgement, details, portal, execution }: Run): Judgement {
    return this.parts.session.forExecution({
      judgement,
      parameters: details.parameters,
      circumstances: () => circumstancesOf(this.parts, portal),
      held: execution,
    });
  }
}

function runItself(name: string): string {
  return `"${name}" does more than read or write data: run it itself, not by EXECUTE or FETCH`;
}
