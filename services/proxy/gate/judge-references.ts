import { createHash } from 'node:crypto';
import type {
  Analysis,
  LineageAnswer,
  MaskedLookup,
  SessionEffect,
  StatementFacts,
  StatementResult,
} from '#statement';
import { isMaskOutput } from '#masking';
import type { Judgement, JudgeRequest } from './gate.js';

type Reference = SessionEffect & { readonly type: 'execute' | 'fetch' };

/** What one EXECUTE or FETCH of a text runs: another judgement, or an earlier statement of the same text. */
export interface Referred {
  readonly effect: Reference;
  readonly judgement: Judgement | undefined;
  /** Of the text: the EXECUTE or FETCH, and the PREPARE or DECLARE if it stands in the same text. */
  readonly place: number;
  readonly definedAt: number | undefined;
}

export function isReference(effect: SessionEffect): effect is Reference {
  return effect.type === 'execute' || effect.type === 'fetch';
}

/** What EXECUTE and FETCH refer to, unless this text itself defined it before; a string says what is missing. */
export function references(
  statements: readonly StatementFacts[],
  lookup: JudgeRequest['lookup'],
): readonly Referred[] | string {
  const defined = new Map<string, number>();
  const found: Referred[] = [];
  for (const [place, { effect }] of statements.entries()) {
    if (!effect) continue;
    if (effect.type === 'prepare' || effect.type === 'declare')
      defined.set(`${effect.type} ${effect.name}`, place);
    if (!isReference(effect)) continue;
    const definedAt = defined.get(`${effect.type === 'execute' ? 'prepare' : 'declare'} ${effect.name}`);
    const judgement = definedAt === undefined ? lookup(effect) : undefined;
    if (definedAt === undefined && !judgement) return missing(effect);
    found.push({ effect, judgement, place, definedAt });
  }
  return found;
}

function missing({ type, name }: Reference): string {
  return `${type === 'execute' ? 'prepared statement' : 'cursor'} "${name}" does not exist`;
}

/** Of an EXECUTE or a FETCH also that of what it runs: their own is one for all, because it leaves names out. 64 bits, hex. */
export function fingerprintOf({ fingerprint }: Analysis, runs: readonly Judgement[]): string {
  if (runs.length === 0) return fingerprint;
  const all = [fingerprint, ...runs.map(({ analysis }) => analysis.fingerprint)];
  return createHash('sha256').update(all.join(' ')).digest('hex').slice(0, 16);
}

/** The columns of each statement's result; EXECUTE and FETCH give those of what they run. */
export function resultsOf(
  own: readonly StatementResult[],
  referred: readonly Referred[],
): readonly StatementResult[] {
  if (referred.length === 0) return own;
  const results = [...own];
  for (const { effect, judgement, place, definedAt } of referred) {
    const from = definedAt === undefined ? judgement && resultNamed(judgement, effect) : own[definedAt];
    results[place] = from ?? notKnown;
  }
  return results;
}

/** No row is this wide. */
const notKnown: StatementResult = { outputs: [] };

/** One query string may define several names; a message of Parse is one statement. */
function resultNamed(
  { analysis, results }: Judgement,
  { type, name }: Reference,
): StatementResult | undefined {
  const defining = type === 'execute' ? 'prepare' : 'declare';
  const at = analysis.statements.findLastIndex(
    ({ effect }) => effect?.type === defining && effect.name === name,
  );
  return results[at] ?? (analysis.statements.length === 1 ? results[0] : undefined);
}

/** What an EXECUTE does with its parameters: as prepared earlier, or in this very text. */
type Prepared = Pick<Judgement, 'lookups' | 'inbound'>;

function executed(own: Prepared, { effect, judgement, definedAt }: Referred): Prepared | undefined {
  if (effect.type !== 'execute') return undefined;
  return definedAt === undefined ? judgement : own;
}

/**
 * What EXECUTE looks up. Its arguments stand in its text: each EXECUTE of each text counts as so many new values. FETCH
 * looks nothing up: its cursor did.
 */
export function lookupsOf(
  answer: LineageAnswer & { ok: true },
  text: string,
  referred: readonly Referred[],
): readonly MaskedLookup[] {
  const asRun = referred.flatMap((each) => {
    const isOwn = each.definedAt !== undefined;
    return (executed(answer, each)?.lookups ?? []).map(({ column, constants, parameters }) => ({
      column,
      // Those of this text count already.
      constants: [
        ...(isOwn ? [] : constants),
        ...parameters.map((number) => `${text} ${each.place} $${number}`),
      ],
      parameters: [],
      arrayParameters: [],
      elementParameters: [],
    }));
  });
  return [...answer.lookups, ...asRun];
}

/** Why an EXECUTE may not run what it names: its arguments are not known by their numbers. */
export function executeProblem(own: Prepared, referred: readonly Referred[]): string | undefined {
  for (const each of referred) {
    const found = executed(own, each);
    const isConstant = each.effect.type === 'execute' && each.effect.constant;
    // A setting's value, say, would be another each time under one text.
    if (!isConstant && found?.lookups.some(({ parameters }) => parameters.length > 0))
      return 'EXECUTE would look up in a masked column what an expression gives: write the value itself';
    if (found?.lookups.some((used) => used.arrayParameters.length + used.elementParameters.length > 0))
      return 'an array is compared with a masked column by EXECUTE: run the statement itself, with the array as its parameter';
    const write = found?.inbound.writes.find(({ parameters }) => parameters.length > 0);
    if (write && own.inbound.literals.some((literal) => isMaskOutput(literal.trim())))
      return `EXECUTE would write a masked value, and ${write.column.table}.${write.column.column} may be where: reading a mask and writing it back destroys the original`;
  }
  return undefined;
}

/** What EXECUTE and FETCH run stands below them: nobody can approve a name. */
export function withReferred(text: string, referred: readonly string[]): string {
  return [text, ...referred].join('\n-- which runs:\n');
}
