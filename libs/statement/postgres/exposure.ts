import type { Exposure, Lookup, SensitiveNames } from '../facts.js';
import { analyze } from './analyze.js';
import { catalogKind } from './catalogs.js';
import { refuseForeignCode } from './exposure/foreign-code.js';
import { Guard } from './exposure/guard.js';
import { Lineage } from './exposure/lineage.js';
import { Refusal } from './exposure/refusal.js';
import { kindOf } from './statement-kinds.js';
import { known } from './text.js';
import { asNode, fieldsOf, visit, type Node } from './tree.js';

type Passed = Exclude<Exposure, { ok: false }>;

/**
 * Whether a text may run where some columns are masked, judged by names alone, and which outputs are masked where the
 * server names no origin. Of several statements the first that is refused decides. Throws as `analyze` does.
 *
 * EXECUTE and FETCH are answered as harmless: what they give is what PREPARE and DECLARE were answered with.
 */
export function exposure(text: string, names: SensitiveNames): Exposure {
  const { statements } = known(text);
  if (names.anySensitive === false) return clean;
  const unknownRelations = unknownIn(text, names);
  try {
    const each = statements.map(({ stmt }) => judge(asNode(stmt), names));
    return unknownRelations.length > 0 ? { ...merged(each), unknownRelations } : merged(each);
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, column: error.column, reason: error.message };
    // Deeper than the stack: nothing was decided, so nothing may go.
    if (error instanceof RangeError) return tooDeep;
    throw error;
  }
}

const clean: Passed = { ok: true, clean: true, maskedNames: new Set<string>() };
const tooDeep: Exposure = {
  ok: false,
  column: '*',
  reason: 'the statement is nested too deeply to be understood',
};

function judge(node: Node | undefined, names: SensitiveNames): Passed {
  if (!node) throw new Refusal('*', 'the statement is not understood');
  const { kind, guard: guardClass } = kindOf(node.type);
  if (guardClass === 'opaque') throw new Refusal('*', `${kind} may carry masked columns out of sight`);
  refuseForeignCode(node, names);
  refuseStoredQuery(node);
  const lineage = new Lineage(node, names);
  if (!lineage.touches) return clean;
  const guard = new Guard(lineage, names);
  guard.statement(node);
  const lookups = guard.lookups;
  return {
    ok: true,
    clean: false,
    maskedNames: new Set(lineage.masked.keys()),
    ...(lookups.length > 0 ? { lookups } : {}),
  };
}

/** CREATE TABLE AS EXECUTE writes the rows of a statement that is not in this text. */
function refuseStoredQuery(statement: Node): void {
  visit(statement, ({ type, fields }) => {
    if (type !== 'CreateTableAsStmt' || !fieldsOf(fields['query'], 'ExecuteStmt')) return;
    throw new Refusal('*', 'CREATE TABLE AS EXECUTE may write masked columns: use CREATE TABLE AS SELECT');
  });
}

function merged(each: readonly Passed[]): Passed {
  const [only] = each;
  if (only && each.length === 1) return only;
  const lookups: Lookup[] = each.flatMap((one) => one.lookups ?? []);
  return {
    ok: true,
    clean: each.every((one) => one.clean),
    maskedNames: new Set(each.flatMap((one) => [...one.maskedNames])),
    ...(lookups.length > 0 ? { lookups } : {}),
  };
}

// The facts have scoped with-queries, whose names no catalog knows.
function unknownIn(text: string, names: SensitiveNames): string[] {
  const found = new Set<string>();
  for (const { accesses } of analyze(text).statements) {
    for (const { action, relation } of accesses) {
      if (!relation || action === 'sql:ddl' || catalogKind(relation) !== 'none') continue;
      if (names.relation(relation.name) === 'unknown') found.add(relation.name);
    }
  }
  return [...found];
}
