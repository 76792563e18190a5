import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { StatementReceivedSchema } from '#events';
import type { MaskingSet } from '#masking';
import type { ResolvedAccess, Verdict } from '#policy-engine';
import { redactLiterals, type Analysis } from '#statement';

interface TableName {
  readonly schema: string;
  readonly name: string;
}

const writing = new Set([
  'sql:insert',
  'sql:update',
  'sql:delete',
  'sql:merge',
  'sql:truncate',
  'sql:copy-in',
  'sql:ddl',
]);

/** The fields of StatementReceived that do not change from one execution to the next. */
export function encodeJudgement(
  analysis: Analysis,
  accesses: readonly ResolvedAccess[],
  verdict: Verdict,
  text: string,
  through: readonly TableName[] = [],
): Uint8Array {
  const tables = (writes: boolean) =>
    accesses.flatMap((a) => (a.relation && writing.has(a.action) === writes ? [a.relation] : []));
  return toBinary(
    StatementReceivedSchema,
    create(StatementReceivedSchema, {
      textHash: createHash('sha256').update(analysis.text).digest(),
      text,
      fingerprint: analysis.fingerprint,
      kinds: analysis.statements.map((s) => s.kind),
      reads: tables(false),
      writes: tables(true),
      through: [...through],
      columns: accesses.flatMap(({ relation, columns }) =>
        relation ? columns.map((column) => ({ schema: relation.schema, table: relation.name, column })) : [],
      ),
      functions: [...new Set(analysis.statements.flatMap((s) => s.functions))],
      ...decisionOf(verdict),
    }),
  );
}

/** The same record with another decision: of a field that comes twice the last one counts, lists grow. */
export function encodeDecision(verdict: Verdict): Uint8Array {
  const { decision, reason } = decisionOf(verdict);
  return toBinary(StatementReceivedSchema, create(StatementReceivedSchema, { decision, reason }));
}

function decisionOf({ decision, reason, policyIds, snapshot, obligations }: Verdict) {
  return {
    decision,
    reason,
    policyIds: [...policyIds],
    snapshot,
    maxRows: BigInt(obligations.maxRows ?? 0),
    notify: [...(obligations.notify ?? [])],
  };
}

/** Literals are dropped where a masked column is near; elsewhere only what the classifiers find. */
export function recordableText(
  text: string,
  nearMasked: boolean,
  masking: MaskingSet,
  redacted?: string,
): string {
  const shown = nearMasked ? (redacted ?? redactLiterals(text)) : text;
  return masking.maskText(Buffer.from(shown))?.toString('utf8') ?? shown;
}
