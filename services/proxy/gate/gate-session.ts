import type { Standing, Suspect } from '#domain';
import {
  HoldResolvedSchema,
  ResultChunkSchema,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementPreparedSchema,
  StatementReceivedSchema,
} from '#events';
import { createHash } from 'node:crypto';
import { AppError, type Clock, type ErrorCode, type Principal } from '#kernel';
import type { MaskingSet } from '#masking';
import type { Tracing } from '#platform';
import type { Journal, SessionChain } from '../journal/index.js';
import type {
  EndTime,
  ExcessRequest,
  Execution,
  ExecutionDetails,
  ExecutionRequest,
  GateSession,
  HoldAnswer,
  HoldRequest,
  Judgement,
  JudgeRequest,
  Knock,
  Namespace,
  Outcome,
  ReadText,
  RecordedResult,
  TargetAddress,
} from './gate.js';
import type { Budgets } from './budget/budgets.js';
import { windowBudget, type WindowBudget } from './budget/window-budget.js';
import { beyondBudget } from './excess.js';
import { ExecutionCheck } from './execution-check.js';
import type { Freshness } from './freshness.js';
import {
  countEnd,
  countHold,
  countOutcome,
  countRefusal,
  countStatement,
  observeLatency,
} from './gate.metrics.js';
import { inboundError } from './inbound.js';
import { writeParameters } from './parameters.record.js';
import { cutText, mostMessage, mostName, writeOutcome, writeResult } from './record.wire.js';
import type { CommitGroup, CommitWaiter } from './commit-group.js';
import type { Holds } from './holds.js';
import { SessionTrace } from './session.trace.js';
import { isVariant, type Judge } from './judge.js';

export interface SessionParts {
  readonly id: string;
  readonly knock: Knock;
  readonly principal: Principal;
  readonly target: TargetAddress;
  readonly judge: Judge;
  readonly journal: Journal;
  readonly commits: CommitGroup;
  readonly holds: Holds;
  readonly budgets: Budgets;
  readonly freshness: Freshness;
  readonly standing: (who: Suspect) => Standing;
  readonly masking: () => MaskingSet;
  readonly clock: Clock;
  readonly instance: string;
  readonly publicUrl: string;
  readonly tracing: Tracing;
  readonly closed: () => void;
}

/** One session's record and decisions; the protocols see it as GateSession. */
export class RecordedSession implements GateSession {
  readonly id: string;
  readonly principal: Principal;
  readonly target: TargetAddress;
  readonly source: { readonly address: string; readonly program: string };
  private readonly chain: SessionChain;
  private readonly checks: ExecutionCheck;
  private readonly trace: SessionTrace | undefined;
  private statements = 0;
  private wasHeld = false;
  private end: Parameters<GateSession['onEnd']>[0] | undefined;
  private endAsked: { readonly reason: string; readonly when: EndTime } | undefined;
  private isEnded = false;

  constructor(private readonly parts: SessionParts) {
    this.id = parts.id;
    this.principal = parts.principal;
    this.target = parts.target;
    this.source = { address: parts.knock.sourceAddress, program: shortened(parts.knock.clientProgram) };
    this.chain = parts.journal.openSession(parts.id);
    this.trace = SessionTrace.of(parts.tracing, parts.id, parts.target.name);
    const { principal, masking, clock, budgets } = parts;
    const connection = parts.target.name;
    this.checks = new ExecutionCheck({ principal, connection, lookups: budgets.lookups, masking, clock });
  }

  started(): void {
    const { knock, principal, instance } = this.parts;
    this.chain.add(SessionStartedSchema, {
      sessionId: this.id,
      principal: { ...principal, groups: [...principal.groups] },
      connection: knock.connection,
      protocol: knock.protocol,
      sourceAddress: knock.sourceAddress,
      clientProgram: knock.clientProgram,
      clientUser: knock.clientUser,
      clientTls: knock.clientTls,
      proxy: instance,
    });
  }

  judge(request: JudgeRequest): Judgement {
    const { judge } = this.parts;
    return this.trace ? this.trace.judging(() => judge.judge(request)) : judge.judge(request);
  }

  mustRead(request: JudgeRequest): boolean {
    return this.parts.judge.mustRead(request);
  }

  read(text: string, namespace: Namespace): Promise<ReadText> {
    return this.parts.judge.read(text, namespace);
  }

  stillHolds(judgement: Judgement, namespace: Namespace, inTransaction: boolean): boolean {
    return this.parts.judge.stillHolds(judgement, namespace, inTransaction);
  }

  forExecution({ judgement, parameters, circumstances, held }: ExecutionRequest): Judgement {
    if (judgement.settled) return judgement;
    // A person was asked about it as it was then, and has answered.
    if (held && isVariant(held.judgement, judgement)) return held.judgement;
    const checked = this.checks.check(judgement, parameters);
    const beyond = checked === judgement ? beyondBudget(judgement) : undefined;
    if (!beyond || !this.parts.holds.hasGrants) return checked;
    const bound = { judgement: beyond, parameters, circumstances: circumstances() };
    return this.parts.holds.isGranted(this, bound) ? beyond : judgement;
  }

  stale({ sensitive }: Judgement): AppError | undefined {
    return this.parts.freshness.objection(sensitive);
  }

  windows({ verdict }: Judgement): WindowBudget | undefined {
    const { budgets, clock } = this.parts;
    const who = { identity: this.principal.id, connection: this.target.name };
    return windowBudget(verdict.obligations, who, budgets.ledger, clock);
  }

  async excess({ execution, parameters, circumstances, error, estimate }: ExcessRequest): Promise<AppError> {
    const beyond = beyondBudget(execution.judgement);
    if (!beyond) return error;
    try {
      const bound = { judgement: beyond, parameters, circumstances };
      const { request } = await this.parts.holds.request(this, execution, bound, estimate);
      const approvers = request.approverGroups.join(', ');
      const message = `${error.message}; the rest is held for approval ${request.id} by ${approvers}: run it again once approved`;
      return new AppError(error.code, message, { hint: `${this.parts.publicUrl}/approvals/${request.id}` });
    } catch (cause) {
      return new AppError(error.code, `${error.message}; an approval could not be asked for`, { cause });
    }
  }

  get inboundRules(): boolean {
    return this.parts.masking().inboundDenied.size > 0;
  }

  inbound(value: string | Uint8Array): AppError | undefined {
    return inboundError(this.parts.masking(), value);
  }

  received(judgement: Judgement, details: ExecutionDetails): Execution {
    this.parts.journal.admit();
    const statementId = `${this.id}-${++this.statements}`;
    // The id first: whoever looks for it finds it there without decoding the rest.
    const out = this.chain.write().text(1, statementId).raw(judgement.recorded).text(5, details.how);
    writeParameters(out, details.parameters, judgement.clean, this.masking());
    // In protobuf the last of a field wins: these replace what the judgement's own encoding says.
    out
      .text(12, details.decision)
      .text(13, cutText(details.reason, mostMessage))
      .text(16, details.approvalId);
    out.text(18, cutText(details.portal, mostName));
    const use = this.checks.takeUse(judgement, details.parameters);
    if (use) out.uint(20, use.used).uint(21, use.limit);
    const trace = this.trace?.received(statementId, judgement, details);
    this.chain.addWritten(StatementReceivedSchema.typeName, { opens: statementId, trace: trace?.field });
    const execution = { statementId, startedAt: performance.now(), judgement, trace };
    countStatement(execution, details);
    return execution;
  }

  prepared(judgement: Judgement, name: string): void {
    this.parts.journal.admit();
    const textHash = createHash('sha256').update(judgement.analysis.text).digest();
    this.chain.add(StatementPreparedSchema, {
      name: cutText(name, mostName),
      textHash,
      text: judgement.recordedText,
    });
  }

  outcome(execution: Execution, outcome: Outcome): void {
    const durationUs = Math.round((performance.now() - execution.startedAt) * 1000);
    const { statementId } = execution;
    writeOutcome(this.chain.write(), statementId, outcome, durationUs);
    this.chain.addWritten(StatementOutcomeSchema.typeName, {
      closes: statementId,
      trace: execution.trace?.field,
    });
    countOutcome(outcome, durationUs);
    execution.trace?.outcome(outcome);
  }

  chunk(execution: Execution, index: number, result: RecordedResult): void {
    writeResult(this.chain.write(), execution.statementId, index, result);
    this.chain.addWritten(ResultChunkSchema.typeName, { trace: execution.trace?.field });
  }

  refused(code: ErrorCode): void {
    countRefusal(code);
  }

  forwarded(readAt: number): void {
    // What waits for a person is no latency of ours.
    if (readAt > 0 && !this.wasHeld) observeLatency(performance.now() - readAt);
    if (readAt > 0) this.wasHeld = false;
    this.trace?.forwarded();
  }

  whenSafe(waiter: CommitWaiter): void {
    this.parts.commits.whenSafe(waiter);
  }

  async hold(request: HoldRequest): Promise<HoldAnswer> {
    const waitingSince = performance.now();
    this.wasHeld = true;
    const wait = countHold(this.parts.holds.hold(this, request));
    const answer = await (request.execution.trace?.held(wait) ?? wait);
    if (answer.outcome === 'approved') this.checks.approved(request.execution.judgement, request.parameters);
    if (this.isEnded) return answer;
    this.chain.add(HoldResolvedSchema, {
      statementId: request.execution.statementId,
      approvalId: answer.approvalId,
      outcome: answer.outcome,
      decidedBy: 'decidedBy' in answer ? [...answer.decidedBy] : [],
      waitedUs: BigInt(Math.round((performance.now() - waitingSince) * 1000)),
    });
    return answer;
  }

  masking(): MaskingSet {
    return this.parts.masking();
  }

  reveals(dataClass: string): boolean {
    return this.parts.judge.reveals(dataClass);
  }

  hint(statementId: string): string {
    // Its owner can't lift a quarantine.
    const whom = this.parts.standing(this.principal).quarantine ? 'the security team' : this.target.owner;
    const ask = whom ? `; ask ${whom}` : '';
    return `${this.parts.publicUrl}/decisions/${statementId}${ask}`;
  }

  onEnd(end: (reason: string, when: EndTime) => void): void {
    this.end = end;
    if (this.endAsked) end(this.endAsked.reason, this.endAsked.when);
  }

  /** Asks the protocol to end it. The first reason counts, unless it could wait and this one can't. */
  requestEnd(reason: string, when: EndTime): void {
    if (this.endAsked && (this.endAsked.when === 'now' || when === 'idle')) return;
    this.endAsked = { reason, when };
    this.end?.(reason, when);
  }

  ended(reason: string, bytesIn: number, bytesOut: number): void {
    if (this.isEnded) return;
    this.isEnded = true;
    countEnd(this.target.name, reason);
    this.trace?.ended(this.statements);
    this.chain.add(SessionEndedSchema, {
      sessionId: this.id,
      reason: cutText(reason, mostMessage),
      statements: BigInt(this.statements),
      bytesIn: BigInt(bytesIn),
      bytesOut: BigInt(bytesOut),
    });
    this.parts.commits.whenSafe(nobody);
    this.parts.closed();
  }
}

/** The journal tells its own troubles; a session that is over has nothing to hold back. */
const nobody: CommitWaiter = { waiting: () => undefined, done: () => undefined };

/** An approver reads it in a line; the session's own record has all of it. */
const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
