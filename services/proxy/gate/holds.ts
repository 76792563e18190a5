import { createHmac } from 'node:crypto';
import {
  approval as decider,
  newDataKey,
  seal,
  toApprovalEnvelope,
  type ApprovalBook,
  type ApprovalCommand,
  type Follower,
  type OpenedApproval,
} from '#domain';
import { AppError, newId, type Clock, type Principal } from '#kernel';
import type { ApprovalKeyStore } from '#platform';
import type {
  Estimate,
  Execution,
  HoldAnswer,
  HoldRequest,
  Judgement,
  Parameter,
  TargetAddress,
} from './gate.js';

export interface HoldsOptions {
  readonly book: ApprovalBook;
  readonly follower: Follower;
  readonly keys: ApprovalKeyStore;
  /** The key of the bindings; the same for every proxy that shares approvals. */
  readonly bindingKey: Buffer;
  readonly clock: Clock;
  readonly instance: string;
  readonly publicUrl: string;
  /** How long a request stays open, and as long again its grant. Milliseconds. */
  readonly openMs: number;
}

/** What a request binds to, beside who makes it. */
export interface Bound {
  readonly judgement: Judgement;
  readonly parameters: readonly Parameter[];
  readonly circumstances: string;
}

interface Holder {
  readonly id: string;
  readonly principal: Principal;
  readonly target: TargetAddress;
  /** Of its client, as an approver is shown it. */
  readonly source: { readonly address: string; readonly program: string };
}

type AskEstimate = () => Promise<Estimate>;

/** Statements that wait for a person: request, wait, use once (invariant 6). */
export class Holds {
  /** Statements of this process that wait for a request; several may share one. */
  private readonly waiters = new Map<string, number>();
  /** Requests that this process is about to make: the same, asked for meanwhile, waits for that one. */
  private readonly asking = new Map<string, Promise<OpenedApproval>>();

  constructor(private readonly options: HoldsOptions) {}

  async hold(holder: Holder, request: HoldRequest): Promise<HoldAnswer> {
    const { execution, parameters, circumstances } = request;
    const bound = { judgement: execution.judgement, parameters, circumstances };
    const binding = this.bind(holder, bound);
    const granted = this.grant(binding, holder);
    if (granted) return this.consume(granted, binding, holder, request);
    const open =
      this.openRequest(binding, holder.principal) ??
      (await this.ask(binding, holder, execution, bound, request.estimate));
    this.announce(open, request);
    if (!request.mayWait || open.request.mode === 'retry')
      return { outcome: 'retry', approvalId: open.request.id };
    const { id } = open.request;
    this.waiters.set(id, (this.waiters.get(id) ?? 0) + 1);
    try {
      const decided = await this.wait(id, request);
      return await this.answer(decided, binding, holder, request);
    } finally {
      this.leave(id);
    }
  }

  /** Is there any grant that was not used yet? Most of the time there is none, and nothing to bind. */
  get hasGrants(): boolean {
    return this.options.book.counts().approved > 0;
  }

  /** Has a person approved exactly this, and was it not used yet? */
  isGranted(holder: Holder, bound: Bound): boolean {
    return this.grant(this.bind(holder, bound), holder) !== undefined;
  }

  /** Asks without waiting: who comes back with the same once it is approved finds the grant. */
  async request(
    holder: Holder,
    execution: Execution,
    bound: Bound,
    estimate: AskEstimate,
  ): Promise<OpenedApproval> {
    const binding = this.bind(holder, bound);
    return (
      this.grant(binding, holder) ??
      this.openRequest(binding, holder.principal) ??
      this.ask(binding, holder, execution, bound, estimate)
    );
  }

  private grant(binding: Buffer, { principal }: Holder): OpenedApproval | undefined {
    return this.options.book.grants.find(binding, principal, this.options.clock.now());
  }

  /** HMAC over everything that makes this execution this one: never a fingerprint, which `id=1` and `id=2` share. */
  private bind(holder: Holder, { judgement, parameters, circumstances }: Bound): Buffer {
    const hmac = createHmac('sha256', this.options.bindingKey);
    const { exactText, objects, excess, verdict } = judgement;
    const { maxRows, maxBytes } = verdict.obligations;
    const beyond = excess ? [{ maxRows, maxBytes }] : [];
    // JSON keeps the fields apart: no text can be shifted from one into the next.
    const fields = [exactText, objects, parameters, circumstances, holder.principal.id, ...beyond];
    hmac.update(JSON.stringify(fields));
    return hmac.digest();
  }

  private openRequest(binding: Buffer, requester: Principal): OpenedApproval | undefined {
    const now = this.options.clock.now();
    return this.options.book
      .pending()
      .find(
        ({ request }) =>
          request.requester.id === requester.id &&
          request.requester.onBehalfOf === requester.onBehalfOf &&
          request.binding.equals(binding) &&
          now < request.expiresAt,
      );
  }

  private ask(
    binding: Buffer,
    holder: Holder,
    execution: Execution,
    bound: Bound,
    estimate: AskEstimate,
  ): Promise<OpenedApproval> {
    const { id, onBehalfOf } = holder.principal;
    const key = JSON.stringify([binding.toString('base64'), id, onBehalfOf]);
    const known = this.asking.get(key);
    if (known) return known;
    const asked = this.newRequest(binding, holder, execution, bound, estimate).finally(() =>
      this.asking.delete(key),
    );
    this.asking.set(key, asked);
    return asked;
  }

  private async newRequest(
    binding: Buffer,
    holder: Holder,
    execution: Execution,
    { judgement, parameters }: Bound,
    estimate: AskEstimate,
  ): Promise<OpenedApproval> {
    const { options } = this;
    const expected = await estimate();
    const id = newId('apr', options.clock.now());
    const key = newDataKey();
    await options.keys.put(id, key);
    const exact = { text: judgement.exactText, parameters: parameters.map((p) => p.value) };
    const { obligations } = judgement.verdict;
    await this.append(undefined, {
      type: 'RequestApproval',
      ...this.stamp(),
      request: {
        id,
        sessionId: holder.id,
        statementId: execution.statementId,
        requester: holder.principal,
        connection: holder.target.name,
        binding,
        sealed: seal(exact, key, id),
        text: judgement.recordedText,
        tables: judgement.tables,
        kind: judgement.analysis.statements.map((s) => s.kind).join('; '),
        reason: judgement.verdict.reason,
        approverGroups: obligations.approvers,
        quorum: obligations.quorum,
        mode: obligations.mode,
        expiresAt: options.clock.now() + options.openMs,
        policyIds: judgement.verdict.policyIds,
        classes: judgement.classes,
        estimate: expected,
        source: holder.source,
      },
    });
    const asked = options.book.get(id);
    if (!asked)
      throw new AppError(
        'LOG_UNAVAILABLE',
        'the approval request is not readable yet: run the statement again',
      );
    return asked;
  }

  private announce({ request }: OpenedApproval, { announce }: HoldRequest): void {
    announce({
      approvalId: request.id,
      link: `${this.options.publicUrl}/approvals/${request.id}`,
      approvers: request.approverGroups,
      reason: request.reason,
    });
  }

  /** Resolves when it is decided, the wait is over, or the client has gone. */
  private wait(id: string, request: HoldRequest): Promise<OpenedApproval> {
    const { book } = this.options;
    const { waitMs } = request.execution.judgement.verdict.obligations;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        request.signal.removeEventListener('abort', done);
        resolve(book.get(id)!);
      };
      const timer = setTimeout(done, waitMs);
      const unsubscribe = book.onChange(id, (approval) => approval.status !== 'pending' && done());
      request.signal.addEventListener('abort', done);
      // It may have been decided, or the client gone, before this began to listen.
      if (book.get(id)?.status !== 'pending' || request.signal.aborted) done();
    });
  }

  private async answer(
    decided: OpenedApproval,
    binding: Buffer,
    holder: Holder,
    request: HoldRequest,
  ): Promise<HoldAnswer> {
    const approvalId = decided.request.id;
    const decidedBy = decided.decisions.map(({ by }) => by.id);
    if (request.signal.aborted) {
      await this.withdraw(decided, request.signal.reason);
      return { outcome: 'withdrawn', approvalId };
    }
    switch (decided.status) {
      case 'approved':
        return this.consume(decided, binding, holder, request);
      case 'denied':
        return { outcome: 'denied', approvalId, decidedBy, reason: decided.decisions.at(-1)?.reason ?? '' };
      case 'expired':
        return { outcome: 'expired', approvalId };
      case 'withdrawn':
        return { outcome: 'withdrawn', approvalId };
      default:
        return { outcome: 'retry', approvalId };
    }
  }

  /** Uses the grant, if this is the one that the log's order lets use it. */
  private async consume(
    granted: OpenedApproval,
    binding: Buffer,
    holder: Holder,
    { execution }: HoldRequest,
  ): Promise<HoldAnswer> {
    const approvalId = granted.request.id;
    const stamp = this.stamp();
    const { statementId } = execution;
    await this.append(granted, {
      type: 'Consume',
      ...stamp,
      by: holder.principal,
      binding,
      sessionId: holder.id,
      statementId,
    });
    const after = this.options.book.get(approvalId);
    if (after?.consumption?.eventId !== stamp.eventId)
      throw new AppError(
        'STATEMENT_HELD',
        `approval ${approvalId} was used by another execution: run the statement again to ask anew`,
      );
    return { outcome: 'approved', approvalId, decidedBy: after.decisions.map(({ by }) => by.id) };
  }

  private leave(id: string): void {
    const left = (this.waiters.get(id) ?? 1) - 1;
    if (left > 0) this.waiters.set(id, left);
    else this.waiters.delete(id);
  }

  /** Nobody is there to use it; a yes that came at the same moment must not stay open as a grant. */
  private async withdraw(open: OpenedApproval, why: unknown): Promise<void> {
    const current = this.options.book.get(open.request.id) ?? open;
    if (current.status !== 'pending' && current.status !== 'approved') return;
    if ((this.waiters.get(current.request.id) ?? 0) > 1) return;
    await this.append(current, {
      type: 'Withdraw',
      ...this.stamp(),
      reason: why instanceof AppError ? why.message : 'the client went away or cancelled',
    });
  }

  private async append(state: OpenedApproval | undefined, command: ApprovalCommand): Promise<void> {
    const [event] = decider.decide(command, state ?? decider.initialState());
    if (!event) return;
    const origin = { source: `proxy/${this.options.instance}`, clock: this.options.clock };
    const appended = await this.options.follower.append(toApprovalEnvelope(event, origin));
    if (!appended.folded)
      throw new AppError('LOG_UNAVAILABLE', 'the event log answers too slowly: run the statement again');
  }

  private stamp(): { eventId: string; at: number } {
    const at = this.options.clock.now();
    return { eventId: newId('evt', at), at };
  }
}
