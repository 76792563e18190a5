import { Inject, Injectable } from '@nestjs/common';
import {
  approval as decider,
  eventIdFor,
  ineligibility,
  isRetry,
  mayDecide,
  open,
  toApprovalEnvelope,
  type Appended,
  type Approval,
  type Approve,
  type Deny,
  type ExactStatement,
  type OpenedApproval,
} from '#domain';
import { AppError, type Clock, type Principal } from '#kernel';
import {
  CLOCK,
  CONFIG,
  IdentityLog,
  INSTANCE,
  rolesOf,
  type ApprovalKeyStore,
  type CallerIdentity,
  type WeirConfig,
} from '#platform';
import { ApprovalFold } from './approval.fold.js';
import { APPROVAL_KEYS } from './approval.tokens.js';
import { voidDecisions } from './void.decisions.js';

export interface DecisionRequest {
  readonly decision: 'approve' | 'deny';
  readonly reason: string;
}

/** What became of a decision: counted, or durable but not folded here yet. */
export type DecisionOutcome =
  | { readonly kind: 'counted'; readonly approval: OpenedApproval; readonly appended: Appended | undefined }
  | { readonly kind: 'accepted'; readonly eventId: string; readonly appended: Appended };

/** Who decides: with those groups that no newer reading took away, and when its provider said the others. */
export type Decider = Pick<CallerIdentity, 'principal' | 'saidAt'>;

/** Where people see what waits for them, and say yes or no. */
@Injectable()
export class ApprovalDesk {
  readonly #fold: ApprovalFold;
  readonly #identity: IdentityLog;
  readonly #keys: ApprovalKeyStore;
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #config: WeirConfig;

  constructor(
    @Inject(ApprovalFold) fold: ApprovalFold,
    @Inject(IdentityLog) identity: IdentityLog,
    @Inject(APPROVAL_KEYS) keys: ApprovalKeyStore,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#fold = fold;
    this.#identity = identity;
    this.#keys = keys;
    this.#clock = clock;
    this.#instance = instance;
    this.#config = config;
  }

  /** What this person may decide: pending ones oldest first, all of them newest first. */
  list({ principal }: Decider, status: 'pending' | 'all', limit: number): OpenedApproval[] {
    const { book } = this.#fold;
    const candidates = status === 'pending' ? book.pending() : book.all().toReversed();
    return candidates.filter(({ request }) => mayDecide(request, principal)).slice(0, limit);
  }

  /** Throws NOT_FOUND; SELF_APPROVAL or NOT_ELIGIBLE for one who may not decide it. */
  async get(id: string, by: Decider): Promise<OpenedApproval> {
    const found = await this.#find(id);
    this.#eligible(found, by);
    return found;
  }

  /** The exact text and parameters of a pending request; undefined once it is closed or its key is gone. */
  async exact({ status, request }: OpenedApproval): Promise<ExactStatement | undefined> {
    if (status !== 'pending' || request.sealed.length === 0) return undefined;
    const key = await this.#keys.get(request.id);
    return key && open(request.sealed, key, request.id);
  }

  /** Throws what the decider throws, also where another decision came first; and KEY_REUSED. */
  async decide(
    id: string,
    request: DecisionRequest,
    by: Decider,
    idempotencyKey?: string,
  ): Promise<DecisionOutcome> {
    await this.#identity.catchUp();
    const before = await this.#find(id);
    const person = this.#eligible(before, by);
    const at = this.#clock.now();
    const eventId = eventIdFor({ key: idempotencyKey, body: request }, ['decide', id, person.id], at);
    const type = request.decision === 'approve' ? 'Approve' : 'Deny';
    const { saidAt } = by;
    const command: Approve | Deny = { type, eventId, at, by: person, saidAt, reason: request.reason };
    if (said(before, eventId)) return counted(command, before, undefined);
    const appended = await this.#append(command, before);
    if (!appended.folded) return { kind: 'accepted', eventId, appended };
    return counted(command, await this.#find(id), appended);
  }

  async #append(command: Approve | Deny, before: OpenedApproval): Promise<Appended> {
    // In the same append: no yes that is void may make up the quorum with this one.
    const voided = voidDecisions(before, this.#identity.groups, this.#isApprover, command.at);
    const state = voided.reduce<Approval>(decider.evolve, before);
    const origin = { source: `approval/${this.#instance}`, clock: this.#clock };
    const events = [...voided, ...decider.decide(command, state)];
    const [first, ...rest] = events.map((event) => toApprovalEnvelope(event, origin));
    if (!first) throw new AppError('INTERNAL', 'a decision without an event');
    return this.#fold.follower.append(first, ...rest);
  }

  /** Who it is with those groups that count by now. Throws as `get`. */
  #eligible({ request }: OpenedApproval, { principal, saidAt }: Decider): Principal {
    const { groups } = this.#identity;
    const person = groups.narrowed(principal, saidAt);
    const refused = ineligibility(request, person);
    if (!refused && this.#isApprover(person)) return person;
    if (!refused)
      throw new AppError('NOT_ELIGIBLE', 'at your last sign-in you were no approver', { hint: readAnew });
    const newer = groups.since(person.id, saidAt);
    const isMember = newer?.groups.some((group) => request.approverGroups.includes(group));
    if (refused.code !== 'NOT_ELIGIBLE' || !newer || isMember) throw refused;
    const who = request.approverGroups.join(', ');
    throw new AppError('NOT_ELIGIBLE', `at your last sign-in you were no member of ${who}`, {
      hint: readAnew,
    });
  }

  readonly #isApprover = (person: Principal): boolean =>
    rolesOf(person, this.#config.identity.roles).has('approver');

  /** A client has a request's id before this process has read it: looks again after catching up. */
  async #find(id: string): Promise<OpenedApproval> {
    const { book, follower } = this.#fold;
    const known = book.get(id);
    if (known) return known;
    await follower.catchUp();
    const found = book.get(id);
    if (!found) throw new AppError('NOT_FOUND', 'there is no such approval request');
    return found;
  }
}

const readAnew = 'Sign in on the page again: your groups are read anew then.';

/** The fold says what counts, not the writer: of two decisions at the same instant the log's order chose. */
function counted(
  command: Approve | Deny,
  approval: OpenedApproval,
  appended: Appended | undefined,
): DecisionOutcome {
  if (!said(approval, command.eventId)) {
    decider.decide(command, approval); // throws why it did not count
    throw new AppError('APPROVAL_NOT_PENDING', 'the decision came too late to count');
  }
  return { kind: 'counted', approval, appended };
}

/** Whether this event decided, also where that is void by now. Throws KEY_REUSED. */
function said({ decisions, voided }: OpenedApproval, eventId: string): boolean {
  return [...voided, ...decisions.map((decision) => decision.eventId)].some((each) => isRetry(eventId, each));
}
