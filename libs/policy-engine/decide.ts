import { actions } from './actions.js';
import type { Answer, CedarSet } from './cedar.js';
import { isBounding, mergeDemands } from './obligations.js';
import type { Demands } from './policy.annotations.js';
import type { Policy } from './policy.parse.js';
import type { PolicySets } from './policy.sets.js';
import { QuestionBuilder, step, tableId } from './request.entities.js';
import type { DecisionRequest, ResolvedAccess, Verdict } from './verdict.js';

type Judged = Omit<Verdict, 'snapshot'>;

const unparted = '*';

/**
 * Every access must be permitted; the first that is not denies. Only then the approve set is asked, and one
 * match holds. A policy that cannot be evaluated denies in either set, whatever the others say: Cedar skips
 * it, and a skipped forbid would permit.
 */
export function decide(request: DecisionRequest, sets: PolicySets): Judged {
  const accesses = distinct(request.accesses);
  if (accesses.length === 0) return deny('the statement names nothing that could be decided');
  const decider = new Decider(request, sets);
  const permits = new Set<Policy>();
  for (const access of accesses) {
    const refused = decider.permit(access, permits);
    if (refused) return refused;
  }
  const approves = new Map<Policy, ResolvedAccess>();
  for (const access of accesses) {
    const refused = decider.approve(access, approves);
    if (refused) return refused;
  }
  return conclude(request.connection.name, [...permits], approves);
}

class Decider {
  readonly #questions: QuestionBuilder;

  constructor(
    private readonly request: DecisionRequest,
    private readonly sets: PolicySets,
  ) {
    const { principal, connection, context } = request;
    const reads = { context: sets.contextRead, attributes: sets.attributesRead };
    this.#questions = new QuestionBuilder(principal, connection, context, reads);
  }

  /** Adds the policies that permit an access; answers with the denial if it is not permitted. */
  permit(access: ResolvedAccess, permits: Set<Policy>): Judged | undefined {
    const answer = this.sets.base.ask(this.#questions.access(access));
    const policies = this.#policies(answer);
    if (answer.errors.length > 0) return unevaluated(answer);
    if (answer.decision === 'deny') return this.#deny(access, policies);
    if (access.action === 'sql:unknown') return deny('the statement is of a kind that is not understood');
    for (const policy of policies) permits.add(policy);
    for (const column of this.#columns(access)) {
      const refused = this.#permitColumn(access, column);
      if (refused) return refused;
    }
    return undefined;
  }

  /** Adds the policies that hold an access, each with the first access that it holds. */
  approve(access: ResolvedAccess, approves: Map<Policy, ResolvedAccess>): Judged | undefined {
    const { approve } = this.sets;
    if (!approve) return undefined;
    for (const column of [undefined, ...this.#columns(access)]) {
      const answer = approve.ask(this.#questions.access(access, column));
      if (answer.errors.length > 0) return unevaluated(answer, column);
      for (const policy of this.#policies(answer)) {
        if (!approves.has(policy)) approves.set(policy, access);
      }
    }
    return undefined;
  }

  // Its table is permitted already: a column can only be forbidden, so that no permit has to name each.
  #permitColumn(access: ResolvedAccess, column: string): Judged | undefined {
    const answer = this.sets.base.ask(this.#questions.access(access, column));
    if (answer.errors.length > 0) return unevaluated(answer, column);
    const policies = this.#policies(answer);
    if (answer.decision === 'allow' || policies.length === 0) return undefined;
    return this.#deny(access, policies, column);
  }

  /** The columns of an access that policies may decide over; for `*` also each of its table that they name. */
  #columns({ action, relation, columns }: ResolvedAccess): string[] {
    const { named, any } = this.sets.columns;
    if (!relation || !actions[action].columns || (named.length === 0 && !any)) return [];
    const prefix = `${tableId(this.request.connection.name, relation)}/`;
    const here = named.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
    const wanted = columns.includes(unparted)
      ? here.map(unstep)
      : columns.filter((column) => here.includes(step(column)));
    return [...new Set(any ? [...columns, ...wanted] : wanted)];
  }

  #deny(access: ResolvedAccess, forbids: readonly Policy[], column?: string): Judged {
    const what = describe(access, this.request.connection.name, column);
    const [first] = forbids;
    const ids = forbids.map(({ id }) => id);
    if (first) return deny(reasonOf(forbids) ?? `policy ${first.id} forbids ${what}`, ids);
    return deny(`no policy permits ${what} for ${this.request.principal.id}`);
  }

  // In the order of the files: Cedar's own order changes from call to call.
  #policies({ reason }: Answer): Policy[] {
    if (reason.length === 0) return [];
    const determining = new Set(reason);
    return [...this.sets.byId.values()].filter(({ id }) => determining.has(id));
  }
}

/** True if the reveal set permits it without error. */
export function revealed(set: CedarSet, questions: QuestionBuilder, dataClass: string): boolean {
  const { decision, errors } = set.ask(questions.reveal(dataClass));
  return decision === 'allow' && errors.length === 0;
}

function conclude(
  connection: string,
  permits: readonly Policy[],
  held: ReadonlyMap<Policy, ResolvedAccess>,
): Judged {
  const approves = [...held.keys()];
  const merged = mergeDemands(permits.map(demandsOf), approves.map(demandsOf));
  const boundReason = reasonsOf([...approves, ...permits].filter((policy) => isBounding(demandsOf(policy))));
  const obligations = boundReason === undefined ? merged : { ...merged, boundReason };
  const policyIds = [...approves, ...permits].map(({ id }) => id);
  const [access] = held.values();
  if (!access) {
    const reason = reasonOf(permits) ?? `permitted by policy ${policyIds.join(', ')}`;
    return { decision: 'allow', reason, policyIds, obligations };
  }
  const approvers = obligations.approvers.join(' or ');
  // An approver must see every reason, not the first.
  const reason = reasonsOf(approves) ?? `${describe(access, connection)} needs approval by ${approvers}`;
  return { decision: 'hold', reason, policyIds, obligations };
}

function demandsOf({ demands }: Policy): Demands {
  return demands;
}

function unevaluated({ errors }: Answer, column?: string): Judged {
  const ids = errors.filter((id) => id !== '*');
  if (ids.length === 0) return deny('the policies could not be evaluated, so the statement is refused');
  const name = ids.join(', ');
  if (column === unparted) {
    return deny(`policy ${name} decides over columns by name: name them instead of writing *`, ids);
  }
  return deny(`policy ${name} could not be evaluated, so the statement is refused`, ids);
}

function deny(reason: string, policyIds: readonly string[] = []): Judged {
  return { decision: 'deny', reason, policyIds, obligations: mergeDemands([], []) };
}

function reasonsOf(policies: readonly Policy[]): string | undefined {
  const reasons = new Set(policies.flatMap(({ reason }) => reason ?? []));
  return reasons.size === 0 ? undefined : [...reasons].join('; ');
}

function reasonOf(policies: readonly Policy[]): string | undefined {
  return policies.find(({ reason }) => reason !== undefined)?.reason;
}

/** `UPDATE of public.orders without a WHERE that restricts it`, `session settings on connection shop`. */
function describe({ action, relation, where }: ResolvedAccess, connection: string, column?: string): string {
  const table = relation && `${relation.schema}.${relation.name}`;
  const resource = table === undefined ? `connection ${connection}` : column ? `${table}.${column}` : table;
  const bare = (action === 'sql:update' || action === 'sql:delete') && where !== 'present';
  return `${actions[action].phrase} ${resource}${bare ? ' without a WHERE that restricts it' : ''}`;
}

/** One question for each (action, relation, where): a statement may name a table a thousand times. */
function distinct(accesses: readonly ResolvedAccess[]): ResolvedAccess[] {
  const merged = new Map<string, ResolvedAccess>();
  for (const access of accesses) {
    const { action, relation, where } = access;
    const key = JSON.stringify([action, relation?.schema, relation?.name, where]);
    const earlier = merged.get(key);
    const columns = earlier ? [...new Set([...earlier.columns, ...access.columns])] : access.columns;
    merged.set(key, { ...access, columns });
  }
  return [...merged.values()];
}

function unstep(name: string): string {
  return name.replaceAll('%2F', '/').replaceAll('%25', '%');
}
