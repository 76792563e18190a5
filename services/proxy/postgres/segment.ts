import { AppError } from '#kernel';
import type { Execution, ExecutionDetails, Judgement, Parameter } from '../gate/gate.js';
import {
  byte,
  formatOf,
  frontend as type,
  message as frame,
  readBind,
  readExecute,
  readNamed,
  readParse,
  type Bind,
} from './codec.js';
import type { SearchPath } from './catalog.js';
import { denial } from './client-errors.js';
import type { Executions } from './executions.js';
import { describeStatement, syncExpected, type Expectation } from './expectation.js';
import type { Judging } from './judging.js';
import { Need, nothingKnown, type Knowledge } from './knowledge.js';
import { heldProblem } from './name-limits.js';
import { changesNames, mayRevert } from './session-effects.js';
import { newPortal, newPrepared, type Portal, type Prepared } from './session-objects.js';
import type { SessionParts } from './session-parts.js';
import type { Message } from './units.js';

/** What takes a message's place where it is refused. */
export interface RefusedStep {
  readonly kind: 'refuse';
  readonly error: AppError;
  readonly sqlstate: string | undefined;
  readonly judgement: Judgement | undefined;
  /** Recorded already, when it was held. */
  readonly execution: Execution | undefined;
}

/** What happens for one message once all of its segment is decided: nothing is owed for a Flush. */
export type Step =
  Exclude<Expectation, { kind: 'query' | 'refused' | 'own' }> | RefusedStep | { readonly kind: 'flush' };

type Answer = Need | 'refused' | undefined;

const flushStep: Step = { kind: 'flush' };

/**
 * Decides one segment after the other; what it would do stands in `steps` until the next. Names that a segment defines
 * are tried at once, and taken back where it must be decided again. The first refusal takes its message's place; the
 * server then ignores the rest up to Sync, and so do we.
 */
export class SegmentDecision {
  readonly steps: Step[] = [];
  /** By step: the bytes that go to the target for it. */
  readonly messages: Message[] = [];
  /** What can be decided only once the steps have settled: SQL's own PREPARE, DECLARE, … share names with Parse. */
  rest: readonly Message[] = none;
  private knowledge: Readonly<Knowledge> = nothingKnown;
  private number = 0;
  private splitAfter = false;
  /**
   * A read that may be cut off stands before. Its cancel can come too late to stop what follows, and a write that the
   * client believes rolled back must not be committed.
   */
  private budgeted = false;

  constructor(
    private readonly parts: SessionParts,
    private readonly judging: Judging,
    private readonly executions: Executions,
  ) {}

  /** Undefined: decided. */
  decide(messages: readonly Message[], knowledge: Readonly<Knowledge>): Need | undefined {
    this.begin(knowledge);
    const need = this.walk(messages);
    if (need) this.takeBack();
    return need;
  }

  private begin(knowledge: Readonly<Knowledge>): void {
    this.steps.length = this.messages.length = 0;
    this.rest = none;
    this.splitAfter = this.budgeted = false;
    this.knowledge = knowledge;
    this.number++;
  }

  private walk(messages: readonly Message[]): Need | undefined {
    let { skipping } = this.parts.conversation;
    for (let place = 0; place < messages.length; place++) {
      const message = messages[place]!;
      if (message.code === type.sync) {
        this.add(syncExpected, message);
        skipping = this.budgeted = false;
      } else if (message.code === type.flush) this.add(flushStep, message);
      else if (!skipping) {
        const answer = this.message(message, place);
        if (answer instanceof Need) return answer;
        if (answer === 'refused') skipping = true;
        if (this.splitAfter) {
          this.rest = messages.slice(place + 1);
          return undefined;
        }
      }
    }
    return undefined;
  }

  /** In the reverse order, so that each finds its name as it left it. */
  private takeBack(): void {
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const step = this.steps[i]!;
      if (step.kind === 'parse' || step.kind === 'bind' || step.kind === 'close') step.revert();
    }
    this.steps.length = 0;
  }

  private add(step: Step, message: Message): undefined {
    this.steps.push(step);
    this.messages.push(message);
  }

  private message(message: Message, place: number): Answer {
    switch (message.code) {
      case type.parse:
        return this.parse(message);
      case type.bind:
        return this.bind(message);
      case type.describe:
        return this.describe(message);
      case type.execute:
        return this.execute(message, place);
      default:
        return this.close(message);
    }
  }

  private parse(message: Message): Answer {
    const { name, text, parameterTypes } = readParse(message.buffer, message.start, message.end);
    const { statements } = this.parts.conversation.names;
    const tooMuch = heldProblem(statements, 'prepared statements', name, message.end - message.start);
    if (tooMuch) return this.refuse(message, undefined, tooMuch);
    const judgement = this.judging.judge(text, this.knowledge);
    if (judgement instanceof Need) return judgement;
    if (judgement.verdict.decision === 'deny') return this.refuse(message, judgement, denial(judgement));
    const prepared = newPrepared(name, judgement, parameterTypes);
    return this.add(statements.change('parse', name, prepared, message.end - message.start), message);
  }

  private bind(message: Message): Answer {
    const bind = readBind(message.buffer, message.start, message.end);
    const { statements, portals } = this.parts.conversation.names;
    const prepared = statements.find(bind.statement);
    if (prepared === 'pending') return this.quiet;
    if (!prepared) return this.unknown(message, 'prepared statement', bind.statement, '26000');
    const bytes = message.end - message.start;
    const tooMuch = heldProblem(portals, 'portals', bind.portal, bytes);
    if (tooMuch) return this.refuse(message, undefined, tooMuch);
    const portal = portalOf(bind, prepared, this.parts.namespace.path);
    return this.add(portals.change('bind', bind.portal, portal, bytes), message);
  }

  private describe(message: Message): Answer {
    const { what, name } = readNamed(message.buffer, message.start, message.end);
    const { statements, portals } = this.parts.conversation.names;
    if (what === 'statement') {
      const prepared = statements.find(name);
      if (prepared === 'pending') return this.quiet;
      if (!prepared) return this.unknown(message, 'prepared statement', name, '26000');
      return this.add(describeStatement, message);
    }
    const portal = portals.find(name);
    if (portal === 'pending') return this.quiet;
    if (!portal) return this.unknown(message, 'portal', name, '34000');
    portal.describedIn = this.number;
    return this.add({ kind: 'describe-portal', portal, own: false }, message);
  }

  private execute(message: Message, place: number): Answer {
    const { portal: name } = readExecute(message.buffer, message.start, message.end);
    const portal = this.parts.conversation.names.portals.find(name);
    if (portal === 'pending') return this.quiet;
    if (!portal) return this.unknown(message, 'portal', name, '34000');
    const judgement = this.judging.current(portal, this.knowledge);
    if (judgement instanceof Need) return judgement;
    portal.prepared.executed = true;
    return this.decided(message, place, portal, judgement);
  }

  private decided(message: Message, place: number, portal: Portal, judgement: Judgement): Answer {
    const details: ExecutionDetails = {
      how: 'extended',
      parameters: portal.parameters,
      portal: portal.name,
    };
    if (this.budgeted && judgement.writes)
      return this.refuse(message, judgement, new AppError('STATEMENT_DENIED', writeBehindBudget));
    const run = this.executions.begin('execute', judgement, details, portal);
    const answer = this.executions.decide(run, place, this.knowledge);
    if (answer instanceof Need) return answer;
    if (answer) return this.refuse(message, run.judgement, answer, run.execution);
    this.describeFirst(portal, judgement);
    this.budgeted ||= judgement.returnsRows && judgement.bounded;
    this.splitAfter = changesNames(run, mayRevert(this.parts));
    return this.add(run, message);
  }

  /** A result whose columns are not proven for the catalog as it stands is described by the gate itself. */
  private describeFirst(portal: Portal, judgement: Judgement): void {
    const namespace = this.parts.namespace.current();
    if (portal.describedIn === this.number || !mayReturn(judgement)) return;
    if (isPlanned(portal, judgement) && portal.describedFor === namespace.key) return;
    portal.describedIn = this.number;
    const bytes = frame(type.describe, byte(0x50), portal.name);
    const message = { code: type.describe, buffer: bytes, start: 0, end: bytes.length };
    this.add({ kind: 'describe-portal', portal, own: true }, message);
  }

  private close(message: Message): undefined {
    const { what, name } = readNamed(message.buffer, message.start, message.end);
    const { statements, portals } = this.parts.conversation.names;
    if (what === 'statement') return this.add(statements.change('close', name, undefined), message);
    return this.add(portals.change('close', name, undefined), message);
  }

  private get quiet(): Need {
    return new Need(() => this.parts.conversation.quiet());
  }

  private unknown(message: Message, what: string, name: string, sqlstate: string): 'refused' {
    const error = new AppError('NOT_FOUND', `${what} "${name}" does not exist`);
    return this.refuse(message, undefined, error, undefined, sqlstate);
  }

  private refuse(
    message: Message,
    judgement: Judgement | undefined,
    error: AppError,
    execution?: Execution,
    sqlstate?: string,
  ): 'refused' {
    this.add({ kind: 'refuse', error, sqlstate, judgement, execution }, message);
    return 'refused';
  }
}

const none: readonly Message[] = [];

const writeBehindBudget = 'it follows a read with a row budget in one segment: send Sync between';

/** A statement that SQL's PREPARE made returns what its inner one returns. */
function mayReturn({ returnsRows, effects }: Judgement): boolean {
  return (
    returnsRows ||
    (effects.length > 0 && effects.some(({ type }) => type === 'prepare' || type === 'declare'))
  );
}

function isPlanned({ plan }: Portal, judgement: Judgement): boolean {
  return plan === 'no rows' || plan?.judgement === judgement;
}

function portalOf(bind: Bind, prepared: Prepared, path: SearchPath): Portal {
  const parameters = bind.values.map((value, i) => parameter(value, formatOf(bind.formats, i)));
  return newPortal(bind.portal, prepared, parameters, bind.resultFormats, path);
}

function parameter(value: Buffer | null, format: 0 | 1): Parameter {
  if (value === null) return { value: null, format };
  return { value: format === 0 ? value.toString('utf8') : `\\x${value.toString('hex')}`, format };
}
