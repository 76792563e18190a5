import { AppError, isAppError } from '#kernel';
import { frontend as type, message as frame, readCopyData } from './codec.js';
import type { CopyInCheck } from './copy-in.js';
import { Executions } from './executions.js';
import { runOf } from './expectation.js';
import { Forwarding } from './forwarding.js';
import { Holding } from './holding.js';
import { Judging } from './judging.js';
import { Knowledge, Need, nothingKnown } from './knowledge.js';
import { namesNothing } from './nameless.js';
import { Questions } from './questions.js';
import { Refusals } from './refusals.js';
import type { Run } from './run.js';
import { SegmentDecision } from './segment.js';
import type { SessionParts } from './session-parts.js';
import { SimpleQueries } from './simple-query.js';
import type { Message, Unit } from './units.js';

type Segment = Unit & { kind: 'segment' };

/** Client to target: unit by unit, in order; one that must wait holds back those behind it. */
export class Frontend {
  readonly refusals: Refusals;
  private readonly units: Unit[] = [];
  private busy = false;
  private readonly holding: Holding;
  private readonly questions: Questions;
  private readonly decision: SegmentDecision;
  private readonly forwarding: Forwarding;
  private readonly simple: SimpleQueries;

  /** `terminated`: the client said good-bye. */
  constructor(
    private readonly parts: SessionParts,
    private readonly terminated: () => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.questions = new Questions(parts);
    this.holding = new Holding(parts, this.questions);
    const judging = new Judging(parts);
    const executions = new Executions(parts, this.holding, this.questions);
    this.refusals = new Refusals(parts);
    this.forwarding = new Forwarding(parts, this.refusals);
    this.decision = new SegmentDecision(parts, judging, executions);
    this.simple = new SimpleQueries(parts, judging, executions, this.refusals, this.forwarding);
  }

  /** A unit is undecided: the session stops reading beyond a cap. */
  get isWaiting(): boolean {
    return this.busy;
  }

  /** Before the client has said anything: what it says next needs the answer. */
  start(): void {
    this.questions.searchPath().catch((error: unknown) => this.onError(error));
  }

  accept(unit: Unit): void {
    if (this.parts.conversation.over) return;
    // Nobody waits for an answer any more.
    if (unit.kind === 'terminate') this.holding.abort(new AppError('SHUTTING_DOWN', 'the client is gone'));
    this.units.push(unit);
    if (!this.busy) this.drain();
  }

  /** The client cancels: a held statement ends here, without touching the target. Returns whether it did. */
  cancelHold(): boolean {
    return this.holding.abort(new AppError('TIMEOUT', 'canceling statement due to user request'));
  }

  /** The session is to end: what waits for a person does not hold it up. */
  abandonHold(reason: string): void {
    this.holding.abort(new AppError('SHUTTING_DOWN', `the session was ended: ${reason}`));
  }

  /** The client is gone: what waits for a person is withdrawn. */
  close(): void {
    this.units.length = 0;
    this.holding.close();
    this.parts.conversation.over = true;
    this.parts.conversation.wake();
  }

  private drain(): void {
    for (let unit = this.units.shift(); unit; unit = this.units.shift()) {
      const wait = this.process(unit, nothingKnown);
      if (!wait) continue;
      this.busy = true;
      wait
        .then(() => {
          this.busy = false;
          this.drain();
          this.parts.flush();
        })
        .catch((error: unknown) => this.onError(error));
      return;
    }
  }

  private process(unit: Unit, knowledge: Readonly<Knowledge>): Promise<void> | undefined {
    const need = this.mustWait(unit, knowledge) ?? this.attempt(unit, knowledge);
    if (!need) return undefined;
    // What came before goes out before this waits.
    this.parts.flush();
    const learned = knowledge === nothingKnown ? new Knowledge() : knowledge;
    return need.meet(learned).then(() => {
      return this.parts.conversation.over ? undefined : this.process(unit, learned);
    });
  }

  /** What must have happened before this unit is looked at. */
  private mustWait(unit: Unit, knowledge: Readonly<Knowledge>): Need | undefined {
    const { conversation } = this.parts;
    const { barrier, isQuiet } = conversation;
    if (barrier) return new Need(() => this.passed(barrier));
    if (conversation.mustSettle && unit.kind !== 'copy') {
      if (!isQuiet) return this.quiet();
      conversation.mustSettle = false;
    }
    // After a failed extended message the server ignores even a query until Sync.
    const isQuery = unit.kind === 'query' || unit.kind === 'function-call';
    if (isQuery && conversation.segmentOpen && !isQuiet && !conversation.copyIn) return this.quiet();
    return this.mustAsk(unit, knowledge) ? new Need((k) => this.learnNames(k)) : undefined;
  }

  /** Is a judgement to come that needs what names mean now? */
  private mustAsk(unit: Unit, { asked }: Readonly<Knowledge>): boolean {
    const { conversation, namespace } = this.parts;
    if (asked || conversation.skipping || conversation.copyIn || !namespace.mustAsk) return false;
    if (unit.kind === 'segment' && !unit.messages.some(({ code }) => isJudged(code))) return false;
    return (unit.kind === 'segment' || unit.kind === 'query') && !namesNothing(unit);
  }

  private async learnNames(knowledge: Knowledge): Promise<void> {
    const { conversation, namespace } = this.parts;
    knowledge.asked = true;
    await conversation.quiet();
    // The one that was asked at the start may just have come; or the segment has failed meanwhile.
    if (conversation.over || conversation.skipping || !namespace.mustAsk) return;
    await namespace.refreshCatalog();
    await this.questions.searchPath();
  }

  private async passed(barrier: Promise<void>): Promise<void> {
    const { conversation } = this.parts;
    await barrier;
    if (conversation.barrier === barrier) conversation.barrier = undefined;
  }

  private quiet(): Need {
    return new Need(() => this.parts.conversation.quiet());
  }

  private attempt(unit: Unit, knowledge: Readonly<Knowledge>): Need | undefined {
    const { conversation } = this.parts;
    switch (unit.kind) {
      case 'segment':
        return conversation.copyIn ? this.inCopy(unit) : this.segment(unit, knowledge);
      case 'query':
        return conversation.skipping ? undefined : this.simple.query(unit.message, knowledge);
      case 'function-call':
        if (!conversation.skipping) this.simple.functionCall();
        return undefined;
      case 'copy':
        return this.copy(unit.message);
      case 'terminate':
        this.terminated();
        return undefined;
    }
  }

  private segment(unit: Segment, knowledge: Readonly<Knowledge>): Need | undefined {
    const need = this.decision.decide(unit.messages, knowledge);
    if (need) return need;
    const { rest } = this.decision;
    this.forwarding.segment(this.decision, unit.forced || rest.length > 0);
    if (rest.length === 0) return undefined;
    this.parts.conversation.mustSettle = true;
    this.units.unshift({ kind: 'segment', messages: rest, forced: unit.forced });
    return undefined;
  }

  /** In copy mode the server ignores Sync and Flush, and fails on anything else. */
  private inCopy({ messages }: Segment): undefined {
    if (messages.every((m) => m.code === type.sync || m.code === type.flush)) return;
    throw new AppError('PROTOCOL_VIOLATION', 'an extended-protocol message inside COPY');
  }

  private copy(message: Message): Need | undefined {
    const { conversation, toTarget } = this.parts;
    if (!conversation.copyIn) {
      // Stray after an error: the server ignores it, so it need not go there.
      return conversation.isQuiet ? undefined : new Need(() => conversation.quietOrCopying());
    }
    const run = runOf(conversation.expected.peek());
    if (run?.copyIn) this.copyChecked(run, run.copyIn, message);
    else toTarget.pushSlice(message.buffer, message.start, message.end);
    if (message.code !== type.copyData) conversation.copyIn = false;
    return undefined;
  }

  /** A value that may not be sent ends the COPY: the target drops what it had of it. */
  private copyChecked(run: Run, check: CopyInCheck, { code, buffer, start, end }: Message): void {
    const { conversation, toTarget } = this.parts;
    try {
      const rows = code === type.copyData ? check.data(readCopyData(buffer, start, end)) : noRows;
      const last = code === type.copyDone ? check.done() : noRows;
      for (const each of [rows, last]) if (each.length > 0) toTarget.push(frame(type.copyData, each));
      if (code !== type.copyData) toTarget.pushSlice(buffer, start, end);
    } catch (error) {
      if (!isAppError(error)) throw error;
      run.refused = error;
      toTarget.push(frame(type.copyFail, 'refused'));
      conversation.copyIn = false;
    }
  }
}

const noRows = Buffer.alloc(0);

function isJudged(code: number): boolean {
  return code === type.parse || code === type.bind || code === type.execute;
}
