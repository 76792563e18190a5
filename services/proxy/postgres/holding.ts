import { AppError } from '#kernel';
import type { Estimate, Execution, GateSession, HoldAnswer, HoldNotice, Judgement } from '../gate/gate.js';
import { circumstancesOf } from './circumstances.js';
import { noticeResponse } from './codec.js';
import { estimateQuestion } from './estimate-question.js';
import { Need, type Knowledge } from './knowledge.js';
import type { Questions } from './questions.js';
import type { Run } from './run.js';
import type { SessionParts } from './session-parts.js';

/** Waits for a person where the verdict says so; at most one statement at a time. */
export class Holding {
  private waiting: AbortController | undefined;
  private held: Execution | undefined;

  constructor(
    private readonly parts: SessionParts,
    private readonly questions: Questions,
  ) {}

  /** What a person said; or asks. Undefined: it may run. */
  answer(run: Run, place: number, knowledge: Readonly<Knowledge>): AppError | Need | undefined {
    const held = knowledge.holds?.get(place);
    if (!held) return new Need((k) => this.hold(run, place, k));
    if (held.answer instanceof AppError) return held.answer;
    const refused = refusedHold(held.answer);
    return refused ?? (isSame(held.execution.judgement, run.judgement) ? undefined : another());
  }

  /** Ends what waits. Returns whether anything did. */
  abort(reason: AppError): boolean {
    if (!this.waiting) return false;
    this.waiting.abort(reason);
    return true;
  }

  /** The client is gone. */
  close(): void {
    const { message } = asError(this.waiting?.signal.reason) ?? { message: 'the client went away' };
    if (this.held) this.parts.session.outcome(this.held, { status: 'cancelled', message });
    this.abort(new AppError('SHUTTING_DOWN', 'the client is gone'));
  }

  private async hold(run: Run, place: number, knowledge: Knowledge): Promise<void> {
    const { conversation, session } = this.parts;
    this.parts.flush();
    this.waiting = new AbortController();
    try {
      await conversation.quiet();
      // Nobody is asked for a statement that the server will not look at.
      if (conversation.over || conversation.skipping) return;
      const execution = session.received(run.judgement, run.details);
      this.held = execution;
      this.parts.flush();
      const answer = await this.ask(run, execution, this.waiting.signal);
      (knowledge.holds ??= new Map()).set(place, { execution, answer });
    } finally {
      this.waiting = undefined;
      this.held = undefined;
    }
  }

  private async ask(run: Run, execution: Execution, signal: AbortSignal): Promise<HoldAnswer | AppError> {
    const { judgement, details, portal } = run;
    const { conversation, session } = this.parts;
    const idle = conversation.status === 'I' && !conversation.segmentOpen;
    const mayWait = idle || judgement.verdict.obligations.waitInTransaction;
    try {
      const answer = await session.hold({
        execution,
        parameters: details.parameters,
        circumstances: circumstancesOf(this.parts, portal),
        mayWait,
        announce: (notice) => this.announce(notice, mayWait),
        signal,
        estimate: () => this.estimate(run, signal),
      });
      return asError(signal.reason) ?? answer;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return error;
    }
  }

  private async estimate({ judgement, portal }: Run, signal: AbortSignal): Promise<Estimate> {
    const { session, estimates } = this.parts;
    const question = estimateQuestion(this.parts, judgement, portal);
    if (typeof question === 'string') return { unavailable: question };
    // Invariant 1: nothing of it reaches the target before its record is safe.
    if (!(await isSafe(session))) return { unavailable: 'it could not be recorded' };
    const settings = await this.questions.settings();
    if (!settings) return { unavailable: 'the settings of its session are not known' };
    return estimates.ask(session.target, question, settings, signal);
  }

  private announce({ approvalId, link, approvers, reason }: HoldNotice, waits: boolean): void {
    const then = waits ? 'waiting' : 'run it again once approved';
    this.parts.toClient.push(
      noticeResponse({
        severity: 'NOTICE',
        sqlstate: 'WK001',
        message: `held for approval ${approvalId} by ${approvers.join(', ')}: ${reason} (${then})`,
        hint: link,
      }),
    );
    this.parts.flush();
  }
}

const asError = (reason: unknown): AppError | undefined => (reason instanceof AppError ? reason : undefined);

function isSafe(session: GateSession): Promise<boolean> {
  return new Promise((resolve) => {
    session.whenSafe({ waiting: () => undefined, done: (error) => resolve(error === undefined) });
  });
}

const another = () =>
  new AppError('STATEMENT_HELD', 'it means another thing now than when approval was asked for: run it again');

/** While a person decides, names and policies may change: what runs is what was asked for, by whom it had to be asked. */
function isSame(asked: Judgement, now: Judgement): boolean {
  if (asked === now) return true;
  const about = ({ exactText, objects, verdict: { obligations } }: Judgement) =>
    JSON.stringify([exactText, objects, obligations.approvers, obligations.quorum]);
  return about(asked) === about(now);
}

function refusedHold(answer: HoldAnswer): AppError | undefined {
  switch (answer.outcome) {
    case 'approved':
      return undefined;
    case 'denied':
      return new AppError('STATEMENT_DENIED', `denied by ${answer.decidedBy.join(', ')}: ${answer.reason}`);
    case 'retry':
      return new AppError(
        'STATEMENT_HELD',
        `held for approval ${answer.approvalId}: run it again once approved`,
      );
    case 'expired':
      return new AppError('STATEMENT_DENIED', `nobody decided approval ${answer.approvalId} in time`);
    case 'withdrawn':
      return new AppError('TIMEOUT', 'canceling statement due to user request');
  }
}
