import { Inject, Injectable } from '@nestjs/common';
import {
  approval as decider,
  eventIdFor,
  ineligibility,
  mayDecide,
  open,
  toApprovalEnvelope,
  type Appended,
  type Approval,
  type Approve,
  type Deny,
  type ExactStatement,
  type KnownGroups,
  type OpenedApproval,
} from '#domain';
import { AppError, type Clock, type Principal } from '#kernel';
import { CLOCK, INSTANCE, type ApprovalKeyStore } from '#platform';
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

/** Where people see what waits for them, and say yes or no. */
@Injectable()
export class ApprovalDesk {
  readonly #fold: ApprovalFold;
  readonly #keys: ApprovalKeyStore;
  readonly #clock: Clock;
  readonly #instance: string;

  constructor(
    @Inject(ApprovalFold) fold: ApprovalFold,
    @Inject(APPROVAL_KEYS) keys: ApprovalKeyStore,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#fold = fold;
    this.#keys = keys;
    this.#clock = clock;
    this.#instance = instance;
  }

  /** What this person may decide: pending ones oldest first, all of them newest first. */
  list(by: Principal, status: 'pending' | 'all', limit: number): OpenedApproval[] {
    const { book, groups } = this.#fold;
    const person = groups.narrowed(by);
    const candidates = status === 'pending' ? book.pending() : book.all().toReversed();
    return candidates.filter(({ request }) => mayDecide(request, person)).slice(0, limit);
  }

  /** Throws NOT_FOUND; SELF_APPROVAL or NOT_ELIGIBLE for one who may not decide it. */
  async get(id: string, by: Principal): Promise<OpenedApproval> {
    const found = await this.#find(id);
    this.#eligible(found, by, this.#fold.groups);
    return found;
  }

  /** The exact text and parameters of a pending request; undefined once it is closed or its key is gone. */
  async exact({ status, request }: OpenedApproval): Promise<ExactStatement | undefined> {
    if (status !== 'pending' || request.sealed.length === 0) return undefined;
    const key = await this.#keys.get(request.id);
    return key && open(request.sealed, key, request.id);
  }

  /** Throws what the decider throws, also where another decision came first. */
  async decide(
    id: string,
    request: DecisionRequest,
    by: Principal,
    idempotencyKey?: string,
  ): Promise<DecisionOutcome> {
    const groups = await this.#fold.newestGroups();
    const before = await this.#find(id);
    const person = this.#eligible(before, by, groups);
    const at = this.#clock.now();
    const eventId = eventIdFor(idempotencyKey, ['decide', id, by.id], at);
    const type = request.decision === 'approve' ? 'Approve' : 'Deny';
    const command: Approve | Deny = { type, eventId, at, by: person, reason: request.reason };
    if (hasCounted(before, eventId)) return counted(command, before, undefined);
    const appended = await this.#append(command, before);
    if (!appended.folded) return { kind: 'accepted', eventId, appended };
    return counted(command, await this.#find(id), appended);
  }

  async #append(command: Approve | Deny, before: OpenedApproval): Promise<Appended> {
    // In the same append: no yes that is void may make up the quorum with this one.
    const voided = voidDecisions(before, this.#fold.groups, command.at);
    const state = voided.reduce<Approval>(decider.evolve, before);
    const origin = { source: `approval/${this.#instance}`, clock: this.#clock };
    const events = [...voided, ...decider.decide(command, state)];
    const [first, ...rest] = events.map((event) => toApprovalEnvelope(event, origin));
    if (!first) throw new AppError('INTERNAL', 'a decision without an event');
    return this.#fold.follower.append(first, ...rest);
  }

  /** Who it is with those groups that count: what the credential says, less what is known to be gone. Throws as `get`. */
  #eligible({ request }: OpenedApproval, by: Principal, groups: KnownGroups): Principal {
    const refused = ineligibility(request, by);
    if (refused) throw refused;
    const person = groups.narrowed(by);
    if (mayDecide(request, person)) return person;
    const who = request.approverGroups.join(', ');
    throw new AppError('NOT_ELIGIBLE', `at your last sign-in you were no member of ${who}`, {
      hint: 'Sign in on the page again: your groups are read anew then.',
    });
  }

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

/** The fold says what counts, not the writer: of two decisions at the same instant the log's order chose. */
function counted(
  command: Approve | Deny,
  approval: OpenedApproval,
  appended: Appended | undefined,
): DecisionOutcome {
  const mine = approval.decisions.find(({ eventId }) => eventId === command.eventId);
  if (!mine) {
    decider.decide(command, approval); // throws why it did not count
    throw new AppError('APPROVAL_NOT_PENDING', 'the decision came too late to count');
  }
  if (mine.decision !== (command.type === 'Approve' ? 'approve' : 'deny'))
    throw new AppError('CONFLICT', 'this Idempotency-Key was used for the opposite decision');
  return { kind: 'counted', approval, appended };
}

function hasCounted(approval: OpenedApproval, eventId: string): boolean {
  return approval.decisions.some((decision) => decision.eventId === eventId);
}
