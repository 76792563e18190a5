import { AppError } from '#kernel';
import type { Execution, ExecutionDetails, Judgement, Namespace, Parameter } from '../gate/gate.js';
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
import type { Frontend, Knowledge, Need } from './frontend.js';
import { lookupProblem } from './lookup-limit.js';
import type { CopyOut } from './run.js';
import { changesNames, newPrepared } from './session-effects.js';
import type { Portal, Prepared } from './session-objects.js';
import type { Message } from './units.js';

/** What happens to one message of a segment once all of it is decided. */
export type Step =
  | { readonly kind: 'parse'; readonly message: Message; readonly prepared: Prepared; executed: boolean }
  | { readonly kind: 'bind'; readonly message: Message; readonly portal: Portal }
  | { readonly kind: 'describe-statement'; readonly message: Message }
  | { readonly kind: 'describe-portal'; readonly message: Message; readonly portal: Portal }
  | {
      readonly kind: 'own-describe';
      readonly frame: Buffer;
      readonly portal: Portal;
      readonly catalog: Namespace;
    }
  | {
      readonly kind: 'execute';
      readonly message: Message;
      readonly portal: Portal;
      readonly details: ExecutionDetails;
      /** Recorded already, when it was held. */
      readonly execution: Execution | undefined;
      readonly copy: CopyOut | undefined;
    }
  | {
      readonly kind: 'close';
      readonly message: Message;
      readonly of: 'statement' | 'portal';
      readonly name: string;
    }
  | { readonly kind: 'sync' | 'flush'; readonly message: Message }
  | {
      readonly kind: 'refuse';
      readonly error: AppError;
      readonly sqlstate?: string;
      readonly judgement: Judgement | undefined;
      readonly execution: Execution | undefined;
    };

/** `split`: what stands before must have settled at the target first. */
type Answer = Need | 'refused' | 'split' | undefined;

/**
 * Decides a segment without touching the session: names it defines live in this object until it is performed.
 * The first refusal takes its message's place; the server then ignores the rest up to Sync, and so do we.
 */
class SegmentDecision {
  readonly steps: Step[] = [];
  /** What can be decided only once the steps have settled: SQL's own PREPARE, EXECUTE, … share names with Parse. */
  rest: readonly Message[] = [];
  private splitAfter = false;
  private readonly statements = new Map<string, Prepared | undefined>();
  private readonly portals = new Map<string, Portal | undefined>();
  private readonly parses = new Map<Prepared, Step & { kind: 'parse' }>();
  private readonly described = new Set<Portal>();
  /**
   * A read that may be cut off stands before. Its cancel can come too late to stop what follows, and a write that the
   * client believes rolled back must not be committed.
   */
  private budgeted = false;

  constructor(
    private readonly frontend: Frontend,
    private readonly knowledge: Knowledge,
  ) {}

  run(messages: readonly Message[]): Need | undefined {
    let skipping = this.frontend.conversation.skipping;
    for (const [place, message] of messages.entries()) {
      if (message.code === type.sync) {
        this.steps.push({ kind: 'sync', message });
        this.budgeted = false;
        skipping = false;
        continue;
      }
      if (skipping) {
        if (message.code === type.flush) this.steps.push({ kind: 'flush', message });
        continue;
      }
      const need = this.message(message, place);
      if (need === 'split') return void (this.rest = messages.slice(place));
      if (need === 'refused') skipping = true;
      else if (need) return need;
      if (this.splitAfter) return void (this.rest = messages.slice(place + 1));
    }
    return undefined;
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
      case type.close:
        return this.close(message);
      default:
        this.steps.push({ kind: 'flush', message });
        return undefined;
    }
  }

  private parse(message: Message): Answer {
    const { name, text, parameterTypes } = readParse(message.buffer, message.start, message.end);
    if (this.frontend.conversation.statements.size >= mostStatements) return this.tooMany();
    const judgement = this.frontend.judge(text, this.knowledge);
    if ('need' in judgement) return judgement;
    if (this.refersBack(judgement)) return 'split';
    if (judgement.verdict.decision === 'deny')
      return this.refuse('STATEMENT_DENIED', judgement.verdict.reason, judgement);
    const prepared = newPrepared(name, judgement, parameterTypes);
    const step = { kind: 'parse' as const, message, prepared, executed: false };
    this.statements.set(name, prepared);
    this.parses.set(prepared, step);
    this.steps.push(step);
    return undefined;
  }

  private bind(message: Message): Answer {
    const bind = readBind(message.buffer, message.start, message.end);
    const prepared = this.statement(bind.statement);
    if (!prepared) return this.unknown('prepared statement', bind.statement, '26000');
    if ('need' in prepared) return prepared;
    const portal = newPortal(bind, prepared);
    this.portals.set(bind.portal, portal);
    this.steps.push({ kind: 'bind', message, portal });
    return undefined;
  }

  private describe(message: Message): Answer {
    const { what, name } = readNamed(message.buffer, message.start, message.end);
    if (what === 'statement') {
      const prepared = this.statement(name);
      if (!prepared) return this.unknown('prepared statement', name, '26000');
      if ('need' in prepared) return prepared;
      this.steps.push({ kind: 'describe-statement', message });
      return undefined;
    }
    const portal = this.portal(name);
    if (!portal) return this.unknown('portal', name, '34000');
    if ('need' in portal) return portal;
    this.described.add(portal);
    this.steps.push({ kind: 'describe-portal', message, portal });
    return undefined;
  }

  private execute(message: Message, place: number): Answer {
    const { portal: name } = readExecute(message.buffer, message.start, message.end);
    const portal = this.portal(name);
    if (!portal) return this.unknown('portal', name, '34000');
    if ('need' in portal) return portal;
    const judgement = this.current(portal.prepared);
    if ('need' in judgement) return judgement;
    if (this.refersBack(judgement)) return 'split';
    const parse = this.parses.get(portal.prepared);
    if (parse) parse.executed = true;
    return this.decided(message, place, portal, judgement);
  }

  private decided(message: Message, place: number, portal: Portal, judgement: Judgement): Answer {
    const details = { how: 'extended' as const, parameters: portal.parameters, portal: portal.name };
    const lookups = lookupProblem(judgement.lookups, portal.parameters);
    if (lookups !== undefined) return this.refuse('STATEMENT_DENIED', lookups, judgement);
    const types = [
      ...portal.prepared.parameterTypes,
      ...portal.parameters.map((p) => p.format),
      ...portal.resultFormats,
    ];
    const answer = this.frontend.decide(judgement, { ...details, types }, place, this.knowledge);
    if ('need' in answer) return answer;
    const { execution, error } = answer;
    if (error) {
      this.steps.push({ kind: 'refuse', error, judgement, execution, ...sqlstateOf(error) });
      return 'refused';
    }
    if (this.budgeted && judgement.writes)
      return this.refuse(
        'STATEMENT_DENIED',
        'it follows a read with a row budget in one segment: send Sync between',
        judgement,
      );
    this.budgeted ||= judgement.returnsRows && judgement.verdict.obligations.maxRows !== undefined;
    const copy = this.frontend.copyPlan(judgement, place, this.knowledge);
    if (copy && 'need' in copy) return copy;
    if (copy instanceof AppError) {
      this.steps.push({ kind: 'refuse', error: copy, judgement, execution });
      return 'refused';
    }
    this.describeFirst(portal, judgement);
    this.steps.push({ kind: 'execute', message, portal, details, execution, copy });
    this.splitAfter = changesNames(judgement);
    return undefined;
  }

  /** EXECUTE or FETCH after messages that may have changed what its name means. */
  private refersBack(judgement: Judgement): boolean {
    return (
      this.steps.length > 0 &&
      judgement.effects.some(({ type: effect }) => effect === 'execute' || effect === 'fetch')
    );
  }

  /** A result whose columns are not proven for the catalog as it stands is described by the gate itself. */
  private describeFirst(portal: Portal, judgement: Judgement): void {
    const catalog = this.frontend.catalog.current();
    // A statement that SQL's PREPARE made returns what its inner one returns.
    const mayReturn =
      judgement.returnsRows ||
      judgement.effects.some(({ type: effect }) => effect === 'prepare' || effect === 'declare');
    if (!mayReturn || this.described.has(portal)) return;
    const { plan } = portal;
    const planned = plan === 'no rows' || plan?.judgement === judgement;
    if (planned && portal.describedFor === catalog) return;
    this.described.add(portal);
    this.steps.push({
      kind: 'own-describe',
      portal,
      catalog,
      frame: frame(type.describe, byte(0x50), portal.name),
    });
  }

  private close(message: Message): undefined {
    const { what, name } = readNamed(message.buffer, message.start, message.end);
    if (what === 'statement') this.statements.set(name, undefined);
    else this.portals.set(name, undefined);
    this.steps.push({ kind: 'close', message, of: what, name });
  }

  /** Judged again if anything changed since: policies, masking, the catalog, the hour, the transaction. */
  private current(prepared: Prepared): Judgement | Need {
    const { frontend } = this;
    const inTransaction = frontend.conversation.status !== 'I';
    if (frontend.session.stillHolds(prepared.judgement, frontend.catalog.current(), inTransaction))
      return prepared.judgement;
    const judgement = frontend.judge(prepared.text, this.knowledge);
    if (!('need' in judgement)) prepared.judgement = judgement;
    return judgement;
  }

  private statement(name: string): Prepared | Need | undefined {
    if (this.statements.has(name)) return this.statements.get(name);
    const { statements } = this.frontend.conversation;
    if (statements.isPending(name)) return this.quiet();
    return statements.get(name);
  }

  private portal(name: string): Portal | Need | undefined {
    if (this.portals.has(name)) return this.portals.get(name);
    const { portals } = this.frontend.conversation;
    if (portals.isPending(name)) return this.quiet();
    return portals.get(name);
  }

  private quiet(): Need {
    return { need: () => this.frontend.conversation.quiet() };
  }

  private unknown(what: string, name: string, sqlstate: string): 'refused' {
    const error = new AppError('NOT_FOUND', `${what} "${name}" does not exist`);
    this.steps.push({ kind: 'refuse', error, sqlstate, judgement: undefined, execution: undefined });
    return 'refused';
  }

  private tooMany(): 'refused' {
    const error = new AppError(
      'BUDGET_EXCEEDED',
      `a session may hold ${mostStatements} prepared statements: close some`,
    );
    this.steps.push({ kind: 'refuse', error, sqlstate: '54000', judgement: undefined, execution: undefined });
    return 'refused';
  }

  private refuse(code: 'STATEMENT_DENIED', reason: string, judgement: Judgement): 'refused' {
    this.steps.push({ kind: 'refuse', error: new AppError(code, reason), judgement, execution: undefined });
    return 'refused';
  }
}

export function decideSegment(
  frontend: Frontend,
  messages: readonly Message[],
  knowledge: Knowledge,
): { steps: readonly Step[]; rest: readonly Message[] } | Need {
  const decision = new SegmentDecision(frontend, knowledge);
  return decision.run(messages) ?? decision;
}

/** Names that one session may hold. */
const mostStatements = 10_000;

function sqlstateOf(error: AppError): { sqlstate?: string } {
  return error.code === 'TIMEOUT' ? { sqlstate: '57014' } : {};
}

function newPortal(bind: Bind, prepared: Prepared): Portal {
  return {
    name: bind.portal,
    prepared,
    parameters: bind.values.map((value, i) => parameter(value, formatOf(bind.formats, i))),
    resultFormats: bind.resultFormats,
    cursor: false,
    spent: { rows: 0, bytes: 0 },
    plan: undefined,
    describedFor: undefined,
  };
}

function parameter(value: Buffer | null, format: 0 | 1): Parameter {
  if (value === null) return { value: null, format };
  return { value: format === 0 ? value.toString('utf8') : `\\x${value.toString('hex')}`, format };
}
