import { HoldResolvedSchema, SessionEndedSchema, SessionStartedSchema, StatementOutcomeSchema, StatementReceivedSchema } from '#events'; // prettier-ignore
import { minute } from '../calendar.js';
import type { Call, Incident, SessionPlan, SimulatedEvent, Step } from '../model.js';
import type { Random } from '../random.js';
import { fullName } from '../world/tables.js';
import { Chain } from './chain.js';
import { approvalConsumed, approvalDecided, approvalRequested, principalOf } from './control.js';
import { simulatedId } from './ids.js';
import { durationOf, outcomeOf, recordedColumns } from './outcome.record.js';
import { LookupWindow } from './lookup.window.js';
import { recordedParameters, recordedQuery, verdictOf } from './statement.record.js';

export interface RecordOptions {
  readonly random: Random;
  readonly isLinked: boolean;
  /** The version of the policies that are in force. */
  readonly snapshotAt: (at: number) => string;
}

/** All events of a session, in order, made as they are asked for; incidents are told what was theirs. */
export function* sessionSteps(plan: SessionPlan, options: RecordOptions): Generator<Step> {
  const session = new Session(plan, options);
  const { lost } = plan;
  for (const event of session.events()) {
    const seq = Number(event.envelope.link?.seq ?? 0);
    if (lost && seq >= lost.from && seq <= lost.through) noteLoss(plan, event);
    else yield { at: timeOf(event), event };
  }
}

const timeOf = ({ envelope }: SimulatedEvent): number => Number(envelope.timeUs / 1000n);

class Session {
  private readonly random: Random;
  private readonly id: string;
  private readonly chain: Chain;
  private readonly proxy: string;
  private readonly lookups: LookupWindow;
  private statements = 0;
  private bytes = 0n;

  constructor(
    private readonly plan: SessionPlan,
    private readonly options: RecordOptions,
  ) {
    this.random = options.random.fork('session', plan.key);
    this.lookups = new LookupWindow(plan.agent);
    this.id = simulatedId('ses', plan.at, this.random);
    this.proxy = `gate-${this.random.int(1, 3)}`;
    this.chain = new Chain(this.id, `proxy/${this.proxy}`, this.random.fork('salt'), options.isLinked);
  }

  *events(): Generator<SimulatedEvent> {
    const { plan, chain } = this;
    if (plan.part) note(plan.part, plan, plan.at, this.id);
    yield this.started();
    let at = plan.at + 5;
    for (const call of plan.calls) at = yield* this.statement(call, at + call.after);
    const counts = { statements: BigInt(this.statements), bytesIn: BigInt(this.statements * 180), bytesOut: this.bytes };
    yield chain.event(at + 20, SessionEndedSchema, { sessionId: this.id, reason: 'terminated', ...counts });
  } // prettier-ignore

  private started(): SimulatedEvent {
    const { agent, connection, host, program, at } = this.plan;
    return this.chain.event(at, SessionStartedSchema, {
      ...{ sessionId: this.id, principal: principalOf(agent), connection, protocol: 'postgres' },
      ...{ sourceAddress: `${host}:${this.random.int(32_768, 60_999)}`, clientProgram: program },
      ...{ clientUser: agent.name, clientTls: true, proxy: this.proxy },
    });
  }

  /** Gives the time at which it was over. */
  private *statement(call: Call, at: number): Generator<SimulatedEvent, number> {
    const { plan, random, chain } = this;
    const statementId = `${this.id}-${++this.statements}`;
    if (call.part) note(call.part, plan, at, this.id, statementId, call);
    const verdict = verdictOf(call, plan.agent);
    const approvalId = verdict.decision === 'hold' ? simulatedId('apr', at, random) : '';
    const parameters = recordedParameters(call, plan.agent);
    const used = this.lookups.use(call, at);
    yield chain.event(
      at,
      StatementReceivedSchema,
      { statementId, how: 'extended', ...verdict, ...used, approvalId, snapshot: this.options.snapshotAt(at), parameters },
      recordedQuery(call.query),
    );
    if (verdict.decision === 'deny') return yield* this.refused(statementId, at, verdict.reason);
    if (verdict.decision === 'hold') return yield* this.held(call, statementId, approvalId, at, verdict.reason);
    return yield* this.answered(call, statementId, at, false);
  } // prettier-ignore

  private *answered(call: Call, statementId: string, at: number, approved: boolean): Generator<SimulatedEvent, number> {
    const { plan, random, chain } = this;
    const outcome = outcomeOf(call, plan.agent, statementId, random, approved);
    const over = at + durationOf(call, random);
    this.bytes += outcome.bytes ?? 0n;
    const columns = call.fate === 'error' ? undefined : recordedColumns(call.query, plan.agent);
    yield chain.event(over, StatementOutcomeSchema, outcome, columns);
    if (call.part) noteEnd(call.part, over);
    return over;
  } // prettier-ignore

  private *refused(statementId: string, at: number, message: string): Generator<SimulatedEvent, number> {
    const outcome = { statementId, status: 'denied', sqlstate: '42501', message, durationUs: 900n };
    yield this.chain.event(at + 1, StatementOutcomeSchema, outcome);
    return at + 1;
  }

  /** Asked, decided by a person some minutes later, used once. */
  private *held(
    call: Call,
    statementId: string,
    approvalId: string,
    at: number,
    reason: string,
  ): Generator<SimulatedEvent, number> {
    const { random, chain, plan } = this;
    const { agent, connection } = plan;
    const held = { agent, call, statementId, approvalId, connection, random, sessionId: this.id };
    const approves = call.fate === 'held';
    const by = random.pick(['ana', 'boris', 'chen']);
    const decided = at + Math.round(Math.min(50 * minute, random.lognormal(1.5 * minute, 0.9)));
    yield approvalRequested(held, at + 1, reason);
    yield approvalDecided(held, decided, by, approves);
    const outcome = approves ? 'approved' : 'denied';
    const waitedUs = BigInt(decided - at) * 1000n;
    const resolved = { statementId, approvalId, outcome, decidedBy: [`corp:${by}`], waitedUs };
    yield chain.event(decided + 30, HoldResolvedSchema, resolved);
    if (!approves) return yield* this.refused(statementId, decided + 30, `denied by ${by}: not like this`);
    yield approvalConsumed(held, decided + 31);
    return yield* this.answered(call, statementId, decided + 32, true);
  }
}

function noteLoss(plan: SessionPlan, event: SimulatedEvent): void {
  if (plan.part) note(plan.part, plan, timeOf(event), event.envelope.subject);
}

function note(
  part: Incident,
  { connection }: SessionPlan,
  at: number,
  sessionId: string,
  statementId?: string,
  call?: Call,
): void {
  part.connection = connection;
  part.from = Math.min(part.from, at);
  noteEnd(part, at);
  if (!part.sessionIds.includes(sessionId)) part.sessionIds.push(sessionId);
  if (statementId !== undefined) part.statementIds.push(statementId);
  const table = call && fullName(call.query.table);
  if (table !== undefined && !part.tables.includes(table)) part.tables.push(table);
}

function noteEnd(part: Incident, at: number): void {
  part.to = Math.max(part.to, at);
}
