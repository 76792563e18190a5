import type { OutputLineage, StatementResult } from '#statement';
import type { Judgement } from './gate.js';

/**
 * What the column at this place of a result carries, where the result itself does not say (no origin). Undefined: nothing
 * that is masked. A row of another width than was worked out is not known at all: 'unknown', masked whole.
 */
export function outputAt(
  { clean, results }: Judgement,
  statement: number,
  place: number,
  width: number,
): OutputLineage | 'unknown' | undefined {
  if (clean) return undefined;
  const outputs = results[statement]?.outputs;
  if (outputs?.length !== width) return 'unknown';
  const output = outputs[place];
  return output && output.sources.length > 0 ? output : undefined;
}

/** The names of what carries masked values; every name, where a row is not known. */
export function namesOf(results: readonly StatementResult[]): ReadonlySet<string> {
  if (results.some(({ outputs }) => outputs?.length === 0)) return everyName;
  const masked = results.flatMap(({ outputs = [] }) => outputs.filter(({ sources }) => sources.length > 0));
  return new Set(masked.map(({ name }) => name));
}

class EveryName extends Set<string> {
  override has(): boolean {
    return true;
  }
}

const everyName: ReadonlySet<string> = new EveryName();
