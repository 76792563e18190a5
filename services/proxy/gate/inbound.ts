import { AppError } from '#kernel';
import { isMaskOutput, type MaskingSet } from '#masking';
import type { Inbound } from '#statement';
import type { Parameter } from './gate.js';
import { bytesOf, readingsOf } from './parameter-bytes.js';

/** Why a value may not be sent; it names the class and never the value. */
export function inboundProblem(
  masking: MaskingSet,
  values: Iterable<string | Uint8Array>,
): string | undefined {
  if (masking.inboundDenied.size === 0) return undefined;
  for (const value of values)
    for (const found of masking.classify(value))
      if (masking.inboundDenied.has(found))
        return `it carries a value of class ${found}, which may not be sent`;
  return undefined;
}

export function inboundError(masking: MaskingSet, value: string | Uint8Array): AppError | undefined {
  const problem = inboundProblem(masking, [value]);
  return problem === undefined ? undefined : new AppError('STATEMENT_DENIED', problem);
}

export function parametersProblem(masking: MaskingSet, parameters: readonly Parameter[]): string | undefined {
  if (masking.inboundDenied.size === 0) return undefined;
  return inboundProblem(masking, parameters.flatMap(readingsOf));
}

/** Why a write would destroy what a mask hides: agents write back what they have read. */
export function maskWrittenBack(
  writes: Inbound['writes'],
  parameters: readonly Parameter[],
): string | undefined {
  for (const { column, literals, parameters: numbers } of writes) {
    const sent = numbers.flatMap((number) => bytesOf(parameters[number - 1])?.toString('utf8') ?? []);
    if (![...literals, ...sent].some((value) => isMaskOutput(value.trim()))) continue;
    const { schema, table, column: name } = column;
    return `it would write a masked value to ${schema}.${table}.${name}: reading a mask and writing it back destroys the original`;
  }
  return undefined;
}
