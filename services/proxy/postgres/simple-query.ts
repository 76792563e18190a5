import { AppError } from '#kernel';
import type { Execution, ExecutionDetails, Judgement } from '../gate/gate.js';
import { readQuery } from './codec.js';
import { planCopyOut } from './copy-out-plan.js';
import type { Forwarding } from './forwarding.js';
import { Need, type Knowledge } from './knowledge.js';
import type { Refusals } from './refusals.js';
import { Run, type CopyOut } from './run.js';
import type { Deciders } from './segment.js';
import { spentOf } from './session-effects.js';
import type { SessionParts } from './session-parts.js';
import type { Message } from './units.js';

const details: ExecutionDetails = { how: 'simple', parameters: [], portal: '' };
const noFunctionCalls = 'function call messages are refused: use SELECT function(…)';

/** The simple protocol: a query string is decided and sent as a whole. */
export class SimpleQueries {
  constructor(
    private readonly parts: SessionParts,
    private readonly deciders: Deciders,
    private readonly refusals: Refusals,
    private readonly forwarding: Forwarding,
  ) {}

  query(message: Message, knowledge: Readonly<Knowledge>): Need | undefined {
    const { conversation } = this.parts;
    if (conversation.copyIn) throw new AppError('PROTOCOL_VIOLATION', 'a query inside COPY');
    const { buffer, start, end } = message;
    const judgement = this.deciders.judging.judge(readQuery(buffer, start, end), knowledge);
    if (judgement instanceof Need) return judgement;
    const decided = this.decide(judgement, knowledge);
    if (decided instanceof Need) return decided;
    const execution = knowledge.holds?.get(0)?.execution ?? this.parts.session.received(judgement, details);
    if (decided instanceof AppError) this.refusals.refuseQuery(execution, decided);
    else {
      this.forwarding.begun(this.run(judgement, execution, decided));
      this.parts.toTarget.pushSlice(buffer, start, end);
    }
    return undefined;
  }

  /** A message that calls a function by its OID: nothing here can tell what it does. */
  functionCall(): void {
    const nothing = this.deciders.judging.nothing();
    const execution = this.refusals.denied(nothing, 'function', 'function call messages are not understood');
    this.refusals.refuseQuery(execution, new AppError('STATEMENT_DENIED', noFunctionCalls));
  }

  private decide(
    judgement: Judgement,
    knowledge: Readonly<Knowledge>,
  ): CopyOut | AppError | Need | undefined {
    const { holding, questions } = this.deciders;
    const held = holding.verdict({ judgement, details, portal: undefined, place: 0 }, knowledge);
    return held ?? planCopyOut(judgement, 0, knowledge, this.parts, questions);
  }

  private run(judgement: Judgement, execution: Execution, copy: CopyOut | undefined): Run {
    const { session, limits, conversation } = this.parts;
    const spent = spentOf(judgement, conversation.names) ?? { rows: 0, bytes: 0 };
    const run = new Run('query', judgement, undefined, session, limits.recordBytes, spent);
    run.execution = execution;
    run.copy = copy;
    return run;
  }
}
