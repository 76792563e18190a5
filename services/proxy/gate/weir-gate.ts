import type { Standing, Suspect } from '#domain';
import { topics, newEvent, encodeEnvelope, SignInRefusedSchema } from '#events';
import type { EventLog } from '#event-log';
import { AppError, newId, toAppError, type Clock, type ErrorCode, type Principal } from '#kernel';
import { RefusalRate, Tracing, type TokenVerifier, type VerifiedToken, type WeirConfig } from '#platform';
import { LongTexts } from '#statement';
import type { Journal } from '../journal/index.js';
import type { EndTime, Gate, GateSession, Knock } from './gate.js';
import { CommitGroup } from './commit-group.js';
import { countAuthFailure, countRefusal, readOpenSessions } from './gate.metrics.js';
import type { Freshness } from './freshness.js';
import { RecordedSession } from './gate-session.js';
import type { Holds } from './holds.js';
import type { Budgets } from './budget/budgets.js';
import { Judges } from './judges.js';
import type { PolicyFollower } from './policy-follower.js';
import { blockedReason, demandUnblocked } from './quarantine.js';
import { targetAddress } from './target-address.js';

export interface WeirGateOptions {
  readonly config: WeirConfig;
  readonly verifier: TokenVerifier;
  readonly policies: PolicyFollower;
  readonly journal: Journal;
  readonly holds: Holds;
  readonly budgets: Budgets;
  readonly freshness: Freshness;
  /** What findings and people make of somebody now. */
  readonly standing: (who: Suspect) => Standing;
  readonly eventLog: EventLog;
  readonly clock: Clock;
  readonly instance: string;
  readonly tracing?: Tracing;
}

/** The gate of this process: every protocol's sessions, opened, counted and ended here. */
export class WeirGate implements Gate {
  private readonly opened = new Map<string, { session: RecordedSession; expires: NodeJS.Timeout }>();
  private readonly commits: CommitGroup;
  private readonly judges: Judges;
  private readonly refusals = new RefusalRate();
  private readonly stopReading = readOpenSessions(() =>
    Array.from(this.opened.values(), ({ session }) => session.target.name),
  );
  private closing = false;

  constructor(private readonly options: WeirGateOptions) {
    this.commits = new CommitGroup(options.journal);
    this.judges = new Judges({
      policies: () => options.policies.policies(),
      masking: () => options.policies.masking(),
      standing: options.standing,
      quarantineApprovers: options.config.identity.roles.approver[0],
      clock: options.clock,
      maxStatementBytes: options.config.statements.maxBytes,
      longTexts: new LongTexts(),
    });
  }

  get sessions(): number {
    return this.opened.size;
  }

  async open(knock: Knock): Promise<GateSession> {
    if (this.closing) throw new AppError('SHUTTING_DOWN', 'the gate is shutting down');
    const { principal } = await this.verify(knock);
    this.options.freshness.demand();
    this.admit(principal, knock);
    const target = await targetAddress(
      knock.connection,
      this.options.policies,
      this.options.config.sharedDir,
    );
    if (this.closing) throw new AppError('SHUTTING_DOWN', 'the gate is shutting down');
    // Again: from here to where it can be ended nothing waits.
    this.admit(principal, knock);
    const { options } = this;
    const id = newId('ses', options.clock.now());
    const session = new RecordedSession({
      id,
      knock,
      principal,
      target,
      judge: this.judges.of(principal, {
        name: target.name,
        protocol: knock.protocol,
        owner: target.owner,
      }),
      journal: options.journal,
      commits: this.commits,
      holds: options.holds,
      budgets: options.budgets,
      freshness: options.freshness,
      standing: options.standing,
      masking: () => options.policies.masking(),
      clock: options.clock,
      instance: options.instance,
      publicUrl: options.config.publicUrl,
      tracing: options.tracing ?? Tracing.off,
      closed: () => this.forget(id),
    });
    const expires = setTimeout(
      () => session.requestEnd('it reached its maximum age', 'idle'),
      options.config.sessions.maxAge * 1000,
    );
    expires.unref();
    this.opened.set(id, { session, expires });
    return session;
  }

  refused(code: ErrorCode): void {
    countRefusal(code);
  }

  /** Ends a session at once, whatever it does. Returns whether it is one of this process's. */
  end(sessionId: string, reason: string): boolean {
    const found = this.opened.get(sessionId);
    found?.session.requestEnd(reason, 'now');
    return found !== undefined;
  }

  /** Ends the sessions of whoever is blocked by now, at once. To be called when a quarantine may have changed. */
  endBlocked(): void {
    for (const { session } of this.opened.values()) {
      const reason = blockedReason(this.options.standing(session.principal));
      if (reason !== undefined) session.requestEnd(reason, 'now');
    }
  }

  /** Takes no more sessions; asks those that are open to end. */
  close(reason: string): void {
    this.closing = true;
    this.stopReading();
    this.endAll(reason, 'idle');
  }

  endAll(reason: string, when: EndTime): void {
    for (const { session } of this.opened.values()) session.requestEnd(reason, when);
  }

  private forget(id: string): void {
    clearTimeout(this.opened.get(id)?.expires);
    this.opened.delete(id);
  }

  private admit(principal: Principal, knock: Knock): void {
    try {
      demandUnblocked(this.options.standing(principal));
    } catch (error) {
      this.recordRefusal(knock, toAppError(error));
      throw error;
    }
  }

  private async verify(knock: Knock): Promise<VerifiedToken> {
    try {
      return await this.options.verifier.verify(knock.token);
    } catch (error) {
      const refused = toAppError(error);
      countAuthFailure(refused.code);
      this.recordRefusal(knock, refused);
      throw error;
    }
  }

  private recordRefusal(knock: Knock, error: AppError): void {
    const { eventLog, clock, instance } = this.options;
    const reason = this.refusals.take(error.message, clock.now());
    if (reason === undefined) return;
    const event = newEvent(
      SignInRefusedSchema,
      {
        code: error.code,
        reason,
        through: knock.protocol,
        sourceAddress: knock.sourceAddress,
      },
      { source: `proxy/${instance}`, subject: 'unknown', clock },
    );
    eventLog.append(topics.identity, [encodeEnvelope(event)]).catch(() => undefined);
  }
}
