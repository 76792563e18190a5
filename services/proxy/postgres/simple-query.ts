import { AppError } from '#kernel';
import type { ExecutionDetails } from '../gate/gate.js';
import { readQuery } from './codec.js';
import type { Executions } from './executions.js';
import type { Forwarding } from './forwarding.js';
import type { Judging } from './judging.js';
import { Need, type Knowledge } from './knowledge.js';
import type { Refusals } from './refusals.js';
import type { SessionParts } from './session-parts.js';
import type { Message } from './units.js';

const details: ExecutionDetails = { how: 'simple', parameters: [], portal: '' };
const noFunctionCalls = 'function call messages are refused: use SELECT function(…)';

/** The simple protocol: a query string is decided and sent as a whole. */
export class SimpleQueries {
  constructor(
    private readonly parts: SessionParts,
    private readonly judging: Judging,
    private readonly executions: Executions,
    private readonly refusals: Refusals,
    private readonly forwarding: Forwarding,
  ) {}

  query({ buffer, start, end }: Message, knowledge: Readonly<Knowledge>): Need | undefined {
    const { conversation, session, toTarget } = this.parts;
    if (conversation.copyIn) throw new AppError('PROTOCOL_VIOLATION', 'a query inside COPY');
    const judgement = this.judging.judge(readQuery(buffer, start, end), knowledge);
    if (judgement instanceof Need) return judgement;
    const run = this.executions.begin('query', judgement, details, undefined);
    const answer = this.executions.decide(run, 0, knowledge);
    if (answer instanceof Need) return answer;
    if (answer)
      this.refusals.refuseQuery(
        run.execution ?? this.refusals.denied(run.judgement, 'simple', answer.message),
        answer,
      );
    else {
      run.execution ??= session.received(run.judgement, details);
      this.forwarding.begun(run);
      toTarget.pushSlice(buffer, start, end);
    }
    return undefined;
  }

  /** A message that calls a function by its OID: nothing here can tell what it does. */
  functionCall(): void {
    const nothing = this.judging.nothing();
    const execution = this.refusals.denied(nothing, 'function', 'function call messages are not understood');
    this.refusals.refuseQuery(execution, new AppError('STATEMENT_DENIED', noFunctionCalls));
  }
}
