import type { OutputLineage } from '#statement';
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
