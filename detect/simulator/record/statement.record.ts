import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { StatementReceivedSchema } from '#events';
import type { Agent, Call, Column, Query } from '../model.js';
import { rowBudget } from '../agents/calls.js';

const recorded = new WeakMap<Query, Uint8Array>();

/** The fields of StatementReceived that do not change from one execution to the next, encoded once. */
export function recordedQuery(query: Query): Uint8Array {
  let bytes = recorded.get(query);
  if (!bytes) recorded.set(query, (bytes = encode(query)));
  return bytes;
}

function encode({ text, fingerprint, kind, table, writes, columns, shape }: Query): Uint8Array {
  const relation =
    shape === 'catalog'
      ? { schema: 'pg_catalog', name: 'pg_attribute' }
      : { schema: table.schema, name: table.name };
  const init = {
    ...{ text, fingerprint, kinds: [kind], textHash: createHash('sha256').update(text).digest() },
    ...(writes ? { writes: [relation] } : { reads: [relation] }),
    columns: columns.map(({ name }) => ({ schema: relation.schema, table: relation.name, column: name })),
  };
  return toBinary(StatementReceivedSchema, create(StatementReceivedSchema, init));
}

/** Columns whose values this agent does not see. */
export function maskedColumns({ columns }: Query, { profile }: Agent): readonly Column[] {
  return columns.filter(({ dataClass }) => dataClass !== '' && !profile.reveals.includes(dataClass));
}

/** Near masked columns no value is kept, only that there was one: as the gate records it. */
export function recordedParameters({ parameters, query }: Call, agent: Agent) {
  const isClean = maskedColumns(query, agent).length === 0 && query.shape !== 'probe';
  return parameters.map((value) =>
    isClean ? { value } : { value: '', note: `masked, ${value.length} characters` },
  );
}

export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'hold';
  readonly reason: string;
  readonly policyIds: string[];
  readonly maxRows: bigint;
}

/** What policies like the shipped ones say, without asking them. */
export function verdictOf({ query, fate, reason }: Call, { profile }: Agent): Verdict {
  const none = { reason: '', maxRows: 0n };
  if (fate === 'denied')
    return { decision: 'deny', reason: reason ?? 'denied by policy', policyIds: ['masking'], maxRows: 0n };
  if (fate === 'held' || fate === 'held-denied') return holdOf(query);
  if (query.shape === 'catalog') return { ...none, decision: 'allow', policyIds: ['agents.housekeeping'] };
  if (query.writes) return { ...none, decision: 'allow', policyIds: ['sync.write'] };
  return profile.bulk
    ? { ...none, decision: 'allow', policyIds: ['agents.bulk-read'] }
    : { ...none, decision: 'allow', policyIds: ['agents.read'], maxRows: BigInt(rowBudget) };
}

function holdOf({ kind, writes }: Query): Verdict {
  const [id, reason] = !writes
    ? [
        'agents.export-approved',
        "its result is larger than its budget; with a person's approval it may be read",
      ]
    : kind === 'update'
      ? ['agents.change-approved', "agents change data only with a person's approval"]
      : ['migrations.ddl-approved', "migrations change the schema only with a person's approval"];
  return { decision: 'hold', reason, policyIds: [id], maxRows: 0n };
}
