import type { Judgement } from '../gate/gate.js';
import { frontend as type, message as frame } from './codec.js';
import type { Refusals } from './refusals.js';
import type { Run } from './run.js';
import type { RefusedStep, SegmentDecision } from './segment.js';
import { changesNames, mayRevert } from './session-effects.js';
import type { SessionParts } from './session-parts.js';

const flush = frame(type.flush);

/** Does what was decided: records it, sends it on, and says what is owed for it. */
export class Forwarding {
  constructor(
    private readonly parts: SessionParts,
    private readonly refusals: Refusals,
  ) {}

  /** `forced`: what follows waits for its answers, so they must come. */
  segment(decision: SegmentDecision, forced: boolean): void {
    for (let i = 0; i < decision.steps.length; i++) this.step(decision, i);
    if (forced && this.parts.conversation.segmentOpen) this.parts.toTarget.push(flush);
  }

  /** After this one, whatever came before must have been answered. */
  begun(run: Run): void {
    const { conversation } = this.parts;
    conversation.expected.push(run);
    conversation.mustSettle ||= changesNames(run, mayRevert(this.parts)) || this.mayBeCut(run.judgement);
  }

  private step(decision: SegmentDecision, index: number): void {
    const step = decision.steps[index]!;
    if (step.kind === 'refuse') return this.refuse(step);
    const { conversation, session, namespace } = this.parts;
    const { buffer, start, end } = decision.messages[index]!;
    this.parts.toTarget.pushSlice(buffer, start, end);
    conversation.segmentOpen = step.kind !== 'sync';
    switch (step.kind) {
      case 'flush':
        return;
      case 'execute':
        step.execution ??= session.received(step.judgement, step.details);
        return this.begun(step);
      case 'parse':
        if (!step.value!.executed) session.prepared(step.value!.judgement, step.name);
        step.stage = 'sent';
        break;
      case 'bind':
      case 'close':
        step.stage = 'sent';
        break;
      case 'describe-portal':
        step.portal.describedFor = namespace.current().key;
        break;
      case 'sync':
        conversation.skipping = false;
        break;
      case 'describe-statement':
        break;
    }
    conversation.expected.push(step);
  }

  private refuse({ execution, judgement, error, sqlstate }: RefusedStep): void {
    const recorded = execution ?? (judgement && this.refusals.denied(judgement, 'extended', error.message));
    this.refusals.refuse(recorded, error, sqlstate);
  }

  /**
   * A read with a budget inside a transaction: if its cancel comes too late, the transaction must be made to fail
   * before anything more of it, such as a COMMIT, goes on.
   */
  private mayBeCut({ returnsRows, bounded }: Judgement): boolean {
    return returnsRows && bounded && this.parts.conversation.status !== 'I';
  }
}
