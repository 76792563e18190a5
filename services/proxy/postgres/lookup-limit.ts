import type { MaskedLookup } from '#statement';
import type { Parameter } from '../gate/gate.js';

/** Values that one statement may compare with masked columns: enough to look people up, too few to enumerate. */
const maxLookups = 20;

/** Why these parameters ask for too much at once; undefined if they do not. The text's own values were counted before. */
export function lookupProblem(
  lookups: readonly Omit<MaskedLookup, 'column'>[],
  parameters: readonly Parameter[],
): string | undefined {
  if (lookups.length === 0) return undefined;
  let values = 0;
  for (const { constants, parameters: single, arrayParameters } of lookups) {
    values += constants.length + single.length;
    for (const number of arrayParameters) values += elements(parameters[number - 1]);
  }
  if (values <= maxLookups) return undefined;
  return `it compares ${values} values with masked columns; ${maxLookups} a statement may be looked up`;
}

/** At most how many elements an array parameter has: commas inside quotes count too. */
function elements(parameter: Parameter | undefined): number {
  if (!parameter || parameter.value === null) return 0;
  if (parameter.format === 0) return parameter.value.split(',').length;
  return binaryElements(Buffer.from(parameter.value.slice(2), 'hex'));
}

/* array: dimensions:int32 hasNulls:int32 elementType:int32 [ length:int32 lowerBound:int32 ]* … */
function binaryElements(bytes: Buffer): number {
  if (bytes.length < 12) return Infinity;
  const dimensions = bytes.readInt32BE(0);
  if (dimensions === 0) return 0;
  if (dimensions < 0 || bytes.length < 12 + 8 * dimensions) return Infinity;
  let product = 1;
  for (let i = 0; i < dimensions; i++) product *= Math.max(0, bytes.readInt32BE(12 + 8 * i));
  return product;
}
