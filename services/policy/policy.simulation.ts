import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError, type Clock, type Principal } from '#kernel';
import { CLOCK } from '#platform';
import { compilePolicies, type DecisionRequest, type PolicySnapshot, type Verdict } from '#policy-engine';
import { analyze, loadStatementParser, type Access, type Analysis } from '#statement';
import { ConnectionsDesk } from './connections.desk.js';
import { PoliciesDesk } from './policies.desk.js';
import type { SimulationBody, SimulationItem } from './policies.item.js';

/**
 * The proxy's own engine on a text that nobody sends. What needs the target is left out: unqualified names
 * count as `public`, and masking is not looked at.
 */
@Injectable()
export class PolicySimulation {
  readonly #connections: ConnectionsDesk;
  readonly #policies: PoliciesDesk;
  readonly #clock: Clock;
  #compiled: PolicySnapshot | undefined;

  constructor(
    @Inject(ConnectionsDesk) connections: ConnectionsDesk,
    @Inject(PoliciesDesk) policies: PoliciesDesk,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#connections = connections;
    this.#policies = policies;
    this.#clock = clock;
  }

  /** Throws CONNECTION_UNKNOWN, POLICY_INVALID for a draft, INPUT_INVALID for an empty text. */
  async run(body: SimulationBody): Promise<SimulationItem> {
    const { connection } = this.#connections.get(body.connection);
    const snapshot = this.#snapshot(body);
    await loadStatementParser();
    const analysis = understood(body.text);
    if (analysis instanceof AppError) return refusal(analysis, snapshot);
    if (analysis.statements.length === 0)
      throw new AppError('INPUT_INVALID', 'there is no statement in the text');
    const at = new Date(body.at ?? this.#clock.now());
    const verdict = snapshot.decide({
      principal: principalOf(body.principal),
      connection: { name: connection.name, protocol: connection.protocol, owner: connection.owner },
      ...requestOf(analysis, at, body.inTransaction),
    });
    return itemOf(verdict, analysis);
  }

  #snapshot({ files }: SimulationBody): PolicySnapshot {
    if (files) return compilePolicies(files);
    const published = this.#policies.published();
    if (this.#compiled?.version === published.version) return this.#compiled;
    return (this.#compiled = compilePolicies(published.files));
  }
}

/** The analysis, or why the text is not taken: that is an answer here, not an error. */
function understood(text: string): Analysis | AppError {
  try {
    return analyze(text);
  } catch (error) {
    if (isAppError(error, 'STATEMENT_DENIED')) return error;
    throw error;
  }
}

function refusal({ message }: AppError, { version }: PolicySnapshot): SimulationItem {
  const obligations = {
    maxRows: null,
    maxBytes: null,
    approvers: [],
    quorum: 0,
    mode: 'retry',
    waitMs: 0,
  } as const;
  return {
    ...{ decision: 'deny', reason: message, policyIds: [], snapshot: version, kinds: [] },
    obligations: { ...obligations, approvers: [] },
  };
}

function principalOf({ id, onBehalfOf, ...rest }: SimulationBody['principal']): Principal {
  return {
    ...rest,
    id: id ?? `${rest.issuer}:${rest.subject}`,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  };
}

function requestOf(
  { statements }: Analysis,
  at: Date,
  inTransaction: boolean,
): Pick<DecisionRequest, 'accesses' | 'context'> {
  return {
    accesses: statements.flatMap(({ accesses }) => accesses.map(resolved)),
    context: {
      hour: at.getUTCHours(),
      weekday: at.getUTCDay() || 7,
      kinds: [...new Set(statements.map(({ kind }) => kind))],
      functions: [...new Set(statements.flatMap(({ functions }) => functions))],
      hasLimit: statements.every(({ hasLimit }) => hasLimit),
      multiStatement: statements.length > 1,
      inTransaction,
      locksRows: statements.some(({ locksRows }) => locksRows),
      risk: 'none',
    },
  };
}

function resolved({ relation, ...access }: Access): DecisionRequest['accesses'][number] {
  return relation ? { ...access, relation: { schema: 'public', ...relation } } : access;
}

function itemOf(verdict: Verdict, { statements }: Analysis): SimulationItem {
  const { maxRows, maxBytes, approvers, quorum, mode, waitMs } = verdict.obligations;
  return {
    decision: verdict.decision,
    reason: verdict.reason,
    policyIds: [...verdict.policyIds],
    snapshot: verdict.snapshot,
    kinds: statements.map(({ kind }) => kind),
    obligations: {
      ...{ approvers: [...approvers], quorum, mode, waitMs },
      maxRows: maxRows ?? null,
      maxBytes: maxBytes ?? null,
    },
  };
}
