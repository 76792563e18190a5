import type { Judgement, Parameter } from '../gate/gate.js';
import type { SearchPath } from './catalog.js';
import type { Portal } from './session-objects.js';
import type { SessionParts } from './session-parts.js';

/** What a target's planner is asked about. */
export interface EstimateQuestion {
  /** One statement. */
  readonly text: string;
  readonly types: readonly number[];
  readonly parameters: readonly Parameter[];
}

/** What EXPLAIN takes, and what its numbers say something about. */
const kinds: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge']);
/** Settings by which a text means what it means: beside the search_path those that give a literal its value. */
export const meaningful = ['search_path', 'DateStyle', 'IntervalStyle', 'TimeZone', 'xmloption'] as const;
/** Characters of text and of parameters: planning what is longer would cost more than the answer is worth. */
const longest = 1024 * 1024;

/**
 * The question, or why it is not asked. Planning runs immutable and stable functions with constants: so only texts are
 * taken whose functions are PostgreSQL's own and known to compute only. And the target is asked on a connection of its
 * own, where nothing is seen of what only this session has.
 */
export function estimateQuestion(
  { namespace }: Pick<SessionParts, 'namespace'>,
  { analysis: { text, statements } }: Judgement,
  portal: Portal | undefined,
): EstimateQuestion | string {
  const [statement, ...others] = statements;
  if (!statement) return 'there is no statement';
  if (others.length > 0) return 'it is several statements';
  if (!kinds.has(statement.kind)) return `${statement.kind} has no plan to ask for`;
  const names = namespace.current().namesFor(() => true);
  const unknown = statement.functions.some((name) => !names.isBuiltinFunction(name));
  if (unknown || statement.accesses.some(({ action }) => action === 'sql:code'))
    return 'it calls functions that planning could run';
  if (namespace.mayRevert) return 'its transaction has changed what names mean';
  if (typeof namespace.path === 'string') return 'the search_path of its session is not known';
  if (namespace.path.some((schema) => schema.startsWith('pg_temp')))
    return 'its session has temporary tables';
  const parameters = portal?.parameters ?? [];
  const length = parameters.reduce((sum, { value }) => sum + (value?.length ?? 0), text.length);
  if (length > longest) return 'it is too long';
  return { text, types: portal?.prepared.parameterTypes ?? [], parameters };
}

/** What a session's StartupMessage set (`pairs`: JSON), and the schemas in which it looks. */
export function startupSettings(pairs: string, path: SearchPath): ReadonlyMap<string, string> {
  const chosen = (JSON.parse(pairs || '[]') as [string, string][]).filter(([name]) =>
    (meaningful as readonly string[]).includes(name),
  );
  const schemas = typeof path === 'string' ? [] : path;
  const quoted = schemas.map((schema) => `"${schema.replaceAll('"', '""')}"`).join(', ');
  return new Map([...chosen, ['search_path', quoted]]);
}
