import { AppError } from '#kernel';
import type { LineageAnswer, Names, OutputLineage, StatementResult } from '../lineage.js';
import { Judge } from './lineage/judge.js';
import { Refusal } from './lineage/refusal.js';
import { mistakenName } from './lineage/mistaken-names.js';
import { statementRows } from './lineage/statements.js';
import { survey, type Survey } from './lineage/survey.js';
import type { Rows } from './lineage/engine.js';
import { Work } from './lineage/work.js';
import { known } from './text.js';
import { asNode, type Node } from './tree.js';

type Passed = Extract<LineageAnswer, { ok: true }>;

/**
 * Whether a text may run where some columns are masked, and what each column of its results is made of. Names mean
 * what they mean to the server; of several statements the first that is refused decides. Throws as `analyze` does.
 *
 * EXECUTE and FETCH have no outputs here: what they give is what PREPARE and DECLARE were answered with.
 */
export function lineage(text: string, names: Names): LineageAnswer {
  const statements = known(text).statements.map(({ stmt }) => stmt);
  const mistaken = mistakenName(text, names.encoding);
  if (mistaken !== undefined) return { ok: false, column: '*', reason: mistaken };
  const all: Survey = { literals: [], parameters: [], foreign: undefined };
  try {
    for (const each of statements) survey(each, names, all);
    if (!names.anySensitive) return clean(all, statements.length);
    if (all.foreign !== undefined) throw new Refusal('*', all.foreign);
    const nodes = statements.map((stmt) => asNode(stmt));
    return judged(nodes, text, names, all);
  } catch (error) {
    return refused(error);
  }
}

function refused(error: unknown): LineageAnswer {
  if (error instanceof Refusal) return { ok: false, column: error.column, reason: error.message };
  // Deeper than the stack: nothing was decided, so nothing may go.
  if (error instanceof RangeError) {
    return { ok: false, column: '*', reason: 'the statement is nested too deeply to be understood' };
  }
  if (error instanceof AppError) throw error;
  throw new AppError('STATEMENT_DENIED', 'the statement is not understood', { cause: error });
}

const noOutputs: StatementResult = { outputs: undefined };

function clean({ literals, hiddenCall }: Survey, statements: number): Passed {
  return {
    ok: true,
    clean: true,
    results: Array.from({ length: statements }, () => noOutputs),
    unknownRelations: [],
    lookups: [],
    inbound: { literals, writes: [] },
    hiddenCall,
  };
}

function judged(nodes: readonly (Node | undefined)[], text: string, names: Names, all: Survey): Passed {
  const unknown = new Set<string>();
  const judge = new Judge(names, new Work(text.length), all, unknown);
  const rows = nodes.map((node) => {
    if (!node) throw new Refusal('*', 'the statement is not understood');
    return statementRows(judge, node);
  });
  if (judge.touched && judge.firstUnresolved !== undefined) throw new Refusal('*', judge.firstUnresolved);
  return {
    ok: true,
    clean: !judge.touched,
    results: rows.map((each) => ({ outputs: each && outputsOf(each) })),
    unknownRelations: [...unknown],
    lookups: [...judge.lookups.values()],
    inbound: { literals: all.literals, writes: judge.writes },
  };
}

/** None of a row whose width can't be told: what then comes has another width, and is masked whole. */
function outputsOf({ columns, open }: Rows): readonly OutputLineage[] {
  if (open) return [];
  return columns.map(({ name, value: { sources, bare } }) => ({ name, sources, bare }));
}

/**
 * What a view's columns are made of, from its definition as pg_get_viewdef gives it under an empty search_path;
 * undefined where that can't be told. Its owner may compare, order and count masked columns as they like: a row's being
 * there tells what the owner meant it to. But a column that is computed from a masked one, be it by a condition, an
 * aggregate or a window's order within its own expression, has it as a source.
 */
export function viewOutputs(definition: string, names: Names): readonly OutputLineage[] | undefined {
  try {
    const [only, ...others] = known(definition).statements;
    const node = asNode(only?.stmt);
    if (node?.type !== 'SelectStmt' || others.length > 0) return undefined;
    if (mistakenName(definition, names.encoding) !== undefined) return undefined;
    return ownersOutputs(node, definition, names);
  } catch {
    return undefined;
  }
}

function ownersOutputs(node: Node, text: string, names: Names): readonly OutputLineage[] | undefined {
  const all: Survey = { literals: [], parameters: [], foreign: undefined };
  survey({ [node.type]: node.fields }, names, all);
  if (all.foreign !== undefined) return undefined;
  const unknown = new Set<string>();
  const judge = new Judge(names, new Work(text.length), all, unknown, true);
  const rows = judge.query(node, undefined, undefined);
  const told = !rows.open && unknown.size === 0 && judge.firstUnresolved === undefined;
  return told ? outputsOf(rows) : undefined;
}
