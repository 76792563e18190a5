import { randomBytes } from 'node:crypto';
import { AppError } from '#kernel';
import type { SessionEffect } from '#statement';
import type { Outbox } from '#wire';
import type {
  Execution,
  ExecutionDetails,
  GateSession,
  HoldAnswer,
  HoldNotice,
  Judgement,
} from '../gate/gate.js';
import type { CatalogSource } from './catalog.js';
import { refusal } from './client-errors.js';
import { frontend as type, message as frame, noticeResponse, readQuery, readReport, byte } from './codec.js';
import type { Conversation } from './conversation.js';
import { CopyOutMasker, copyOutOptions } from './copy-out.js';
import type { Probe } from './expectation.js';
import { planDescription } from './result-plan.js';
import { Run, type CopyOut } from './run.js';
import { decideSegment, type Step } from './segment.js';
import { changesNames } from './session-effects.js';
import type { Prepared, Spent } from './session-objects.js';
import type { Unit } from './units.js';

export interface FrontendPort {
  readonly toTarget: Outbox;
  readonly toClient: Outbox;
  /** Writes what both outboxes hold, after what is recorded is safe. */
  flush(): void;
  /** The client said good-bye. */
  terminated(): void;
}

export interface FrontendLimits {
  /** What the client set at startup that gives statements another meaning. */
  readonly settings: string;
  /** Bytes of result kept in the record. */
  readonly recordBytes: number;
}

/** What was found out about a unit while it waited: answers by the message's place in it. */
export interface Knowledge {
  refreshed: boolean;
  readonly holds: Map<number, { execution: Execution; answer: HoldAnswer | AppError }>;
  readonly copies: Map<number, Probe>;
}

/** Something must be awaited before the unit can be decided; then it is decided again from the start. */
export interface Need {
  readonly need: (knowledge: Knowledge) => Promise<void>;
}

interface Decided {
  readonly execution: Execution | undefined;
  readonly error: AppError | undefined;
}

/** Client to target: decides unit by unit, in order, and forwards what may go. */
export class Frontend {
  private readonly units: Unit[] = [];
  private busy = false;
  /** A statement name that no client can know: a Describe of it fails, and with it the transaction. */
  private readonly impossible = `weirkeeper refuses ${randomBytes(12).toString('hex')}`;
  readonly failingDescribe = frame(type.describe, byte(0x53), this.impossible);
  private readonly sync = frame(type.sync);
  private waiting: AbortController | undefined;
  private held: Execution | undefined;

  constructor(
    readonly conversation: Conversation,
    readonly session: GateSession,
    readonly catalog: CatalogSource,
    readonly limits: FrontendLimits,
    private readonly port: FrontendPort,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** A unit is undecided: the session stops reading beyond a cap. */
  get isWaiting(): boolean {
    return this.busy;
  }

  accept(unit: Unit): void {
    if (this.conversation.over) return;
    // Nobody waits for an answer any more.
    if (unit.kind === 'terminate') this.waiting?.abort(new AppError('SHUTTING_DOWN', 'the client is gone'));
    this.units.push(unit);
    if (!this.busy) this.drain();
  }

  /** The client cancels: a held statement ends here, without touching the target. Returns whether it did. */
  cancelHold(): boolean {
    if (!this.waiting) return false;
    this.waiting.abort(new AppError('TIMEOUT', 'canceling statement due to user request'));
    return true;
  }

  /** The session is to end: what waits for a person does not hold it up. */
  abandonHold(reason: string): void {
    this.waiting?.abort(new AppError('SHUTTING_DOWN', `the session was ended: ${reason}`));
  }

  /** The client is gone: what waits for a person is withdrawn. */
  close(): void {
    this.units.length = 0;
    if (this.held) this.session.outcome(this.held, { status: 'cancelled', message: 'the client went away' });
    this.waiting?.abort(new AppError('SHUTTING_DOWN', 'the client is gone'));
    this.conversation.over = true;
    this.conversation.wake();
  }

  /** Has the target fail in this place of the stream. */
  sendFailure(): void {
    this.port.toTarget.push(this.failingDescribe);
    this.port.toTarget.push(this.sync);
  }

  private drain(): void {
    for (let unit = this.units.shift(); unit; unit = this.units.shift()) {
      const wait = this.process(unit, { refreshed: false, holds: new Map(), copies: new Map() });
      if (!wait) continue;
      this.busy = true;
      wait
        .then(() => {
          this.busy = false;
          this.drain();
          this.port.flush();
        })
        .catch((error: unknown) => this.onError(error));
      return;
    }
  }

  private process(unit: Unit, knowledge: Knowledge): Promise<void> | undefined {
    const wait = this.mustWait(unit) ?? this.attempt(unit, knowledge);
    if (!wait) return undefined;
    // What came before goes out before this waits.
    this.port.flush();
    return wait.then(() => (this.conversation.over ? undefined : this.process(unit, knowledge)));
  }

  private mustWait(unit: Unit): Promise<unknown> | undefined {
    const { conversation } = this;
    const { barrier } = conversation;
    if (barrier) {
      return barrier.then(() => {
        if (conversation.barrier === barrier) conversation.barrier = undefined;
      });
    }
    if (conversation.mustSettle && unit.kind !== 'copy') {
      if (!conversation.isQuiet) return conversation.quiet();
      conversation.mustSettle = false;
    }
    return undefined;
  }

  private attempt(unit: Unit, knowledge: Knowledge): Promise<unknown> | undefined {
    switch (unit.kind) {
      case 'segment':
        return this.segment(unit.messages, unit.forced, knowledge);
      case 'query':
        return this.query(unit, knowledge);
      case 'copy':
        return this.copy(unit);
      case 'function-call':
        return this.functionCall();
      case 'terminate':
        this.port.terminated();
        return undefined;
    }
  }

  // ------------------------------------------------------------------ simple query

  private query(unit: Unit & { kind: 'query' }, knowledge: Knowledge): Promise<unknown> | undefined {
    const { conversation } = this;
    if (conversation.copyIn) throw new AppError('PROTOCOL_VIOLATION', 'a query inside COPY');
    // After a failed extended message the server ignores even a query until Sync.
    if (conversation.segmentOpen && !conversation.isQuiet) return conversation.quiet();
    if (conversation.skipping) return undefined;
    const { buffer, start, end } = unit.message;
    const text = readQuery(buffer, start, end);
    const judged = this.judge(text, knowledge);
    if ('need' in judged) return judged.need(knowledge);
    const details = { how: 'simple' as const, parameters: [], portal: '' };
    const decided = this.decide(judged, details, 0, knowledge);
    if ('need' in decided) return decided.need(knowledge);
    if (decided.error) {
      this.refuse(decided.execution ?? this.session.received(judged, details), decided.error);
      this.port.toTarget.push(this.sync);
      conversation.segmentOpen = false;
      conversation.expected.push({ kind: 'sync' });
      return undefined;
    }
    const copy = this.copyPlan(judged, 0, knowledge);
    if (copy && 'need' in copy) return copy.need(knowledge);
    if (copy instanceof AppError) {
      this.refuse(decided.execution ?? this.session.received(judged, details), copy);
      this.port.toTarget.push(this.sync);
      conversation.segmentOpen = false;
      conversation.expected.push({ kind: 'sync' });
      return undefined;
    }
    const execution = decided.execution ?? this.session.received(judged, details);
    const run = this.run(execution, judged, this.spentOf(judged));
    run.copy = copy;
    conversation.expected.push({ kind: 'query', run });
    conversation.mustSettle ||= changesNames(judged) || this.mayBeCut(judged);
    this.port.toTarget.pushSlice(buffer, start, end);
    return undefined;
  }

  private functionCall(): Promise<unknown> | undefined {
    const { conversation } = this;
    if (conversation.segmentOpen && !conversation.isQuiet) return conversation.quiet();
    if (conversation.skipping) return undefined;
    const judgement = this.session.judge({
      text: '',
      namespace: this.catalog.current(),
      inTransaction: false,
      lookup: () => undefined,
    }) as Judgement;
    const execution = this.session.received(judgement, {
      how: 'function',
      parameters: [],
      portal: '',
      decision: 'deny',
      reason: 'function call messages are not understood',
    });
    this.refuse(
      execution,
      new AppError('STATEMENT_DENIED', 'function call messages are refused: use SELECT function(…)'),
    );
    this.port.toTarget.push(this.sync);
    this.conversation.segmentOpen = false;
    this.conversation.expected.push({ kind: 'sync' });
    return undefined;
  }

  // ------------------------------------------------------------------ extended protocol

  private segment(messages: (Unit & { kind: 'segment' })['messages'], forced: boolean, knowledge: Knowledge) {
    const { conversation } = this;
    if (conversation.copyIn) {
      // In copy mode the server ignores Sync and Flush, and fails on anything else.
      if (messages.every((m) => m.code === type.sync || m.code === type.flush)) return undefined;
      throw new AppError('PROTOCOL_VIOLATION', 'an extended-protocol message inside COPY');
    }
    const decided = decideSegment(this, messages, knowledge);
    if ('need' in decided) return decided.need(knowledge);
    for (const step of decided.steps) this.perform(step);
    const isCut = decided.rest.length > 0;
    if ((forced || isCut) && conversation.segmentOpen) this.port.toTarget.push(flush);
    if (isCut) {
      conversation.mustSettle = true;
      this.units.unshift({ kind: 'segment', messages: decided.rest, forced });
    }
    return undefined;
  }

  private perform(step: Step): void {
    const { conversation, port } = this;
    switch (step.kind) {
      case 'refuse':
        return this.refuse(
          step.execution ?? this.deny(step.judgement, step.error),
          step.error,
          step.sqlstate,
        );
      case 'own-describe':
        step.portal.describedFor = step.catalog;
        port.toTarget.push(step.frame);
        conversation.expected.push({ kind: 'describe-portal', portal: step.portal, own: true });
        return undefined;
      default:
        break;
    }
    const { buffer, start, end } = step.message;
    port.toTarget.pushSlice(buffer, start, end);
    conversation.segmentOpen = step.kind !== 'sync';
    switch (step.kind) {
      case 'parse':
        if (!step.executed) this.session.prepared(step.prepared.judgement, step.prepared.name);
        conversation.expected.push({
          kind: 'parse',
          change: conversation.statements.change(step.prepared.name, step.prepared),
        });
        return undefined;
      case 'bind':
        conversation.expected.push({
          kind: 'bind',
          change: conversation.portals.change(step.portal.name, step.portal),
        });
        return undefined;
      case 'describe-statement':
        conversation.expected.push({ kind: 'describe-statement' });
        return undefined;
      case 'describe-portal':
        conversation.expected.push({ kind: 'describe-portal', portal: step.portal, own: false });
        return undefined;
      case 'execute': {
        const { judgement } = step.portal.prepared;
        const execution = step.execution ?? this.session.received(judgement, step.details);
        const run = this.run(execution, judgement, this.spentOf(judgement) ?? step.portal.spent);
        run.copy = step.copy;
        conversation.expected.push({ kind: 'execute', run, portal: step.portal });
        conversation.mustSettle ||= changesNames(judgement) || this.mayBeCut(judgement);
        return undefined;
      }
      case 'close':
        conversation.expected.push(
          step.of === 'statement'
            ? { kind: 'close-statement', change: conversation.statements.change(step.name, undefined) }
            : { kind: 'close-portal', change: conversation.portals.change(step.name, undefined) },
        );
        return undefined;
      case 'sync':
        conversation.skipping = false;
        conversation.expected.push({ kind: 'sync' });
        return undefined;
      case 'flush':
        return undefined;
    }
  }

  // ------------------------------------------------------------------ deciding, shared by both protocols

  /** Judges a text for this session as it stands; or says what must be known first. */
  judge(text: string, knowledge: Knowledge): Judgement | Need {
    const judged = this.session.judge({
      text,
      namespace: this.catalog.current(),
      inTransaction: this.conversation.status !== 'I',
      lookup: (effect) => this.lookup(effect),
    });
    // What it refers to may be another thing once the target has answered.
    if (!refersToSettled(judged, this.conversation)) return { need: () => this.conversation.quiet() };
    if (judged.unknownRelations.length > 0 && !knowledge.refreshed) return { need: (k) => this.refresh(k) };
    return judged;
  }

  /** The verdict, with what a person said where one was asked. `execution`: it is recorded already. */
  decide(
    judgement: Judgement,
    details: ExecutionDetails & { types?: readonly number[] },
    place: number,
    knowledge: Knowledge,
  ): Decided | Need {
    const { verdict } = judgement;
    const held = knowledge.holds.get(place);
    if (verdict.decision === 'deny')
      return { execution: held?.execution, error: new AppError('STATEMENT_DENIED', verdict.reason) };
    if (verdict.decision === 'allow') return { execution: held?.execution, error: undefined };
    if (!held) return { need: (k) => this.hold(judgement, details, place, k) };
    const error = held.answer instanceof AppError ? held.answer : refusedHold(held.answer);
    return { execution: held.execution, error };
  }

  deny(judgement: Judgement | undefined, error: AppError): Execution | undefined {
    return (
      judgement &&
      this.session.received(judgement, {
        how: 'extended',
        parameters: [],
        portal: '',
        decision: 'deny',
        reason: error.message,
      })
    );
  }

  /** Puts a message that must fail in the refused one's place, and our error in the place of its answer. */
  private refuse(execution: Execution | undefined, error: AppError, sqlstate?: string): void {
    const bytes = refusal(this.session, execution?.statementId ?? '', error, sqlstate);
    if (execution) {
      const status =
        error.code === 'STATEMENT_HELD' ? 'held' : error.code === 'TIMEOUT' ? 'cancelled' : 'denied';
      this.session.outcome(execution, { status, message: error.message });
    }
    this.port.toTarget.push(this.failingDescribe);
    this.conversation.expected.push({ kind: 'refused', error: bytes });
    this.conversation.segmentOpen = true;
  }

  private async hold(
    judgement: Judgement,
    details: ExecutionDetails & { types?: readonly number[] },
    place: number,
    knowledge: Knowledge,
  ) {
    const { conversation, session } = this;
    this.port.flush();
    const waiting = new AbortController();
    this.waiting = waiting;
    await conversation.quiet();
    // Nobody is asked for a statement that the server will not look at.
    if (conversation.over || conversation.skipping) return void (this.waiting = undefined);
    const execution = session.received(judgement, details);
    this.held = execution;
    this.port.flush();
    const idle = conversation.status === 'I' && !conversation.segmentOpen;
    const mayWait = idle || judgement.verdict.obligations.waitInTransaction;
    try {
      const answer = await session.hold({
        execution,
        parameters: details.parameters,
        circumstances: this.circumstances(details.types ?? []),
        mayWait,
        announce: (notice) => this.announce(notice, mayWait),
        signal: waiting.signal,
      });
      const cancelled = waiting.signal.reason as unknown;
      knowledge.holds.set(place, { execution, answer: cancelled instanceof AppError ? cancelled : answer });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      knowledge.holds.set(place, { execution, answer: error });
    } finally {
      this.waiting = undefined;
      this.held = undefined;
    }
  }

  private announce({ approvalId, link, approvers, reason }: HoldNotice, waits: boolean): void {
    const then = waits ? 'waiting' : 'run it again once approved';
    this.port.toClient.push(
      noticeResponse({
        severity: 'NOTICE',
        sqlstate: 'WK001',
        message: `held for approval ${approvalId} by ${approvers.join(', ')}: ${reason} (${then})`,
        hint: link,
      }),
    );
    this.port.flush();
  }

  /** Everything beside text and values that makes this execution this one. */
  private circumstances(types: readonly number[]): string {
    const { target, id } = this.session;
    const { settingChanges } = this.conversation;
    const settings = settingChanges === 0 ? this.limits.settings : `changed ${settingChanges} times in ${id}`;
    return JSON.stringify([
      target.name,
      target.host,
      target.port,
      target.database,
      target.user,
      settings,
      types,
    ]);
  }

  private async refresh(knowledge: Knowledge): Promise<void> {
    await this.catalog.refresh();
    knowledge.refreshed = true;
  }

  private lookup(effect: SessionEffect): Judgement | undefined {
    if (effect.type === 'execute') return this.renewed(this.conversation.statements.get(effect.name));
    if (effect.type === 'fetch') return this.renewed(this.conversation.portals.get(effect.name)?.prepared);
    return undefined;
  }

  /** As judged now: policies and masks may have changed since it was prepared or declared. */
  private renewed(prepared: Prepared | undefined): Judgement | undefined {
    if (!prepared) return undefined;
    const namespace = this.catalog.current();
    const inTransaction = this.conversation.status !== 'I';
    if (!this.session.stillHolds(prepared.judgement, namespace, inTransaction)) {
      const request = { text: prepared.text, namespace, inTransaction, lookup: () => undefined };
      prepared.judgement = this.session.judge(request);
    }
    return prepared.judgement;
  }

  /**
   * A read with a budget inside a transaction: if its cancel comes too late, the transaction must be made to fail
   * before anything more of it, such as a COMMIT, goes on.
   */
  private mayBeCut({ returnsRows, verdict }: Judgement): boolean {
    return returnsRows && verdict.obligations.maxRows !== undefined && this.conversation.status !== 'I';
  }

  private run(execution: Execution, judgement: Judgement, spent: Spent | undefined): Run {
    return new Run(
      execution,
      judgement,
      this.session,
      this.limits.recordBytes,
      spent ?? { rows: 0, bytes: 0 },
    );
  }

  /** FETCH spends the budget of its cursor, not one of its own. */
  private spentOf(judgement: Judgement): Spent | undefined {
    const fetch = judgement.effects.find((effect) => effect.type === 'fetch');
    // One that this text declares itself begins with a budget of its own.
    if (judgement.effects.some((effect) => effect.type === 'declare' && effect.name === fetch?.name))
      return undefined;
    return fetch && this.conversation.portals.get(fetch.name)?.spent;
  }

  // ------------------------------------------------------------------ COPY

  /** For COPY … TO STDOUT: masks by the columns of the equivalent SELECT, which the target describes first. */
  copyPlan(judgement: Judgement, place: number, knowledge: Knowledge): CopyOut | AppError | Need | undefined {
    const copy = judgement.effects.find((effect) => effect.type === 'copy');
    if (copy?.direction !== 'out') return undefined;
    const probe = knowledge.copies.get(place);
    if (!probe && this.conversation.segmentOpen)
      return new AppError('STATEMENT_DENIED', 'COPY TO STDOUT must be the first statement after Sync');
    if (!probe) return { need: (k) => this.probe(copy.equivalentSelect ?? '', place, k) };
    if (!probe.fields) return new AppError('STATEMENT_DENIED', describeFailure(probe));
    const context = { catalog: this.catalog.current(), judgement, session: this.session };
    const plan = planDescription(probe.fields, undefined, context, 'mask')!;
    const masker = new CopyOutMasker(plan.fields, this.session.masking(), copyOutOptions(copy.options ?? []));
    return { masker, columns: plan.columns };
  }

  /** Asks the target for the columns of a text in a segment of the gate's own; nothing of it is executed. */
  private async probe(text: string, place: number, knowledge: Knowledge): Promise<void> {
    await this.conversation.quiet();
    const name = `weirkeeper ${randomBytes(8).toString('hex')}`;
    const { toTarget } = this.port;
    await new Promise<void>((settle) => {
      const probe: Probe = { fields: undefined, error: undefined, settle };
      knowledge.copies.set(place, probe);
      toTarget.push(frame(type.parse, name, text, Buffer.alloc(2)));
      toTarget.push(frame(type.describe, byte(0x53), name));
      toTarget.push(frame(type.close, byte(0x53), name));
      toTarget.push(this.sync);
      this.conversation.expected.push({ kind: 'own', probe });
      this.port.flush();
    });
  }

  private copy(unit: Unit & { kind: 'copy' }): Promise<unknown> | undefined {
    const { conversation } = this;
    const { code, buffer, start, end } = unit.message;
    if (!conversation.copyIn) {
      // Stray after an error: the server ignores it, so it need not go there.
      if (conversation.isQuiet) return undefined;
      return conversation.quietOrCopying();
    }
    this.port.toTarget.pushSlice(buffer, start, end);
    if (code !== type.copyData) conversation.copyIn = false;
    return undefined;
  }
}

const flush = frame(type.flush);

/** EXECUTE and FETCH mean what the target will have under that name: known only while it owes nothing. */
function refersToSettled({ effects }: Judgement, { isQuiet }: Conversation): boolean {
  return isQuiet || !effects.some(({ type: effect }) => effect === 'execute' || effect === 'fetch');
}

/** Why the target could not describe the columns, without what may be a value. */
function describeFailure({ error }: Probe): string {
  const code = error ? readReport(error).get('C') : undefined;
  return `the columns of the COPY could not be determined (the target answered ${code ?? 'nothing'})`;
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
