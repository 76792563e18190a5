import { exposure, type LineageAnswer, type MaskedLookup, type SensitiveNames } from '#statement';
import type { Namespace } from './gate.js';

/** The guard's answer where names are all that is known. Throws STATEMENT_DENIED for what does not parse. */
export function lineageOf(
  text: string,
  { names }: Namespace,
  reveals: (dataClass: string) => boolean,
): LineageAnswer {
  const answer = exposure(text, visible(names, reveals));
  if (!answer.ok) return answer;
  const lookups = (answer.lookups ?? []).map(({ column, class: dataClass, ...rest }): MaskedLookup => ({
    ...rest,
    column: {
      ...{ schema: '', table: '', column, class: dataClass, lookup: true },
      ...{ tableOid: 0, attnum: 0 },
    },
  }));
  const sources = (name: string) => [
    { ...{ schema: '', table: '', column: name, class: '', lookup: false }, tableOid: 0, attnum: 0 },
  ];
  const outputs = [...answer.maskedNames].map((name) => ({ name, sources: sources(name), bare: false }));
  return {
    ok: true,
    clean: answer.clean,
    results: outputs.length > 0 ? [{ outputs }] : [],
    unknownRelations: answer.unknownRelations ?? [],
    lookups,
    inbound: { literals: [], writes: [] },
  };
}

/** Classes that this principal may read in the clear are not sensitive for it. */
function visible(names: SensitiveNames, reveals: (dataClass: string) => boolean): SensitiveNames {
  return {
    anySensitive: names.anySensitive ?? true,
    columns: (name) => names.columns?.(name),
    isBuiltinFunction: (name) => names.isBuiltinFunction(name),
    isBuiltinOperator: (name) => names.isBuiltinOperator(name),
    relation: (name) => {
      const columns = names.relation(name);
      if (columns === undefined || columns === 'unknown') return columns;
      const hidden = new Map([...columns].filter(([, column]) => !reveals(column.class)));
      return hidden.size > 0 ? hidden : undefined;
    },
  };
}
