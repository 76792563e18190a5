import { CedarSet, type PolicyTexts } from './cedar.js';
import { mentionsColumns } from './policy.lint.js';
import type { Policy } from './policy.parse.js';
import type { DecisionContext } from './verdict.js';

const contextAttributes: readonly (keyof DecisionContext)[] = [
  'hour',
  'weekday',
  'kinds',
  'functions',
  'hasLimit',
  'multiStatement',
  'inTransaction',
  'locksRows',
  'risk',
];

/** A file's policies, sorted into what is asked when. A set that would permit nothing is not asked at all. */
export interface PolicySets {
  readonly byId: ReadonlyMap<string, Policy>;
  readonly base: CedarSet;
  /** Policies with `@effect("approve")`, as permits: one that matches holds. Asked once the base set permits. */
  readonly approve: CedarSet | undefined;
  /** All forbids, and the permits that name `reveal` or `DataClass`: `permit(principal, action, resource)` is not meant. */
  readonly reveal: CedarSet | undefined;
  readonly columns: ColumnUse;
  readonly contextRead: ReadonlySet<keyof DecisionContext>;
  readonly attributesRead: ReadonlySet<string>;
}

/** Which columns have to be asked about. */
export interface ColumnUse {
  /** Ids of the columns that policies name. */
  readonly named: readonly string[];
  /** True if a policy decides by `is Column`: then each column of a request is asked about. */
  readonly any: boolean;
}

export function sortPolicies(policies: readonly Policy[]): PolicySets {
  const approves = policies.filter(({ kind }) => kind === 'approve');
  const base = policies.filter(({ kind }) => kind !== 'approve');
  const reveals = base.filter((policy) => policy.kind === 'permit' && namesReveal(policy));
  const forbids = base.filter(({ kind }) => kind === 'forbid');
  return {
    byId: new Map(policies.map((policy) => [policy.id, policy])),
    base: new CedarSet(texts(base)),
    approve: approves.length > 0 ? new CedarSet(texts(approves)) : undefined,
    reveal: reveals.length > 0 ? new CedarSet(texts([...reveals, ...forbids])) : undefined,
    columns: columnUse(policies),
    contextRead: contextRead(policies),
    attributesRead: new Set(policies.flatMap(({ mentions }) => [...mentions.attributes])),
  };
}

function texts(policies: readonly Policy[]): PolicyTexts {
  return new Map(policies.map(({ id, source }) => [id, source.text]));
}

function namesReveal({ mentions: { entities, types } }: Policy): boolean {
  const named = entities.some(
    ({ type, id }) => type === 'DataClass' || (type === 'Action' && id === 'reveal'),
  );
  return named || types.has('DataClass');
}

function columnUse(policies: readonly Policy[]): ColumnUse {
  const using = policies.filter(({ mentions }) => mentionsColumns(mentions));
  const named = using.flatMap(({ mentions }) => mentions.entities.filter(({ type }) => type === 'Column'));
  return {
    named: [...new Set(named.map(({ id }) => id))],
    any: using.some(({ mentions }) => mentions.types.has('Column')),
  };
}

function contextRead(policies: readonly Policy[]): ReadonlySet<keyof DecisionContext> {
  if (policies.some(({ mentions }) => mentions.context === 'all')) return new Set(contextAttributes);
  const read = new Set(
    policies.flatMap(({ mentions: { context } }) => (context === 'all' ? [] : [...context])),
  );
  return new Set(contextAttributes.filter((attribute) => read.has(attribute)));
}
