import { AppError, isAppError } from '#kernel';
import type { SessionEffect } from '#statement';
import type { Judgement } from '../gate/gate.js';
import { readRowDescription } from './codec.js';
import { CopyOutMasker, copyOutOptions, type CopyOutOptions } from './copy-out.js';
import { Need, type Knowledge } from './knowledge.js';
import { failureOf, type Probe, type Questions } from './questions.js';
import { hasUnknownOrigin, planDescription } from './result-plan.js';
import { noCopies, type CopyOut, type Run } from './run.js';
import { firstToMove } from './session-effects.js';
import type { SessionParts } from './session-parts.js';

type CopyEffect = SessionEffect & { readonly type: 'copy' };

/**
 * For each COPY … TO STDOUT of a text: masks by the columns of the equivalent SELECT, which the target describes first.
 * Without a plan goes what the target will refuse by itself; if it does not, its answer ends the session.
 */
export function planCopiesOut(
  { judgement }: Run,
  place: number,
  knowledge: Readonly<Knowledge>,
  parts: SessionParts,
  questions: Questions,
): readonly (CopyOut | undefined)[] | AppError | Need {
  // Nearly every statement has no effects at all.
  if (judgement.effects.length === 0 || !judgement.effects.some(isCopyOut)) return noCopies;
  const asked = judgement.analysis.statements.map(({ effect }) => (isCopyOut(effect) ? effect : undefined));
  const problem = orderProblem(judgement, asked);
  if (problem) return problem;
  const probes = knowledge.copies?.get(place);
  if (!probes) {
    if (parts.conversation.segmentOpen)
      return denied('COPY TO STDOUT must be the first statement after Sync');
    return new Need((k) => describeAll(k, place, asked, questions));
  }
  // What was made a moment ago: which of its columns are generated, and which masked, is not known yet.
  const catalog = parts.catalog.current();
  if (!knowledge.refreshed && probes.some((each) => each?.fields && hasUnknownOrigin(each.fields, catalog)))
    return new Need((k) => refresh(k, parts));
  return planAll(judgement, asked, probes, parts);
}

/** Why a COPY out can't be followed, whatever anybody says of it. */
export function copyOutProblem({ effects }: Judgement): AppError | undefined {
  for (let i = 0; i < effects.length; i++) {
    const effect = effects[i];
    const options = isCopyOut(effect) ? optionsOf(effect.options ?? []) : undefined;
    if (options instanceof AppError) return options;
  }
  return undefined;
}

function isCopyOut(effect: SessionEffect | undefined): effect is CopyEffect {
  return effect?.type === 'copy' && effect.direction === 'out';
}

/** The columns are asked for before the text runs: they must still be the same then. */
function orderProblem(
  judgement: Judgement,
  asked: readonly (CopyEffect | undefined)[],
): AppError | undefined {
  const last = asked.findLastIndex((copy) => copy !== undefined);
  if (asked.some((copy) => copy && copy.equivalentSelect === undefined))
    return denied('the query of the COPY could not be told from its text');
  if (last <= firstToMove(judgement)) return undefined;
  return denied('COPY TO STDOUT behind what may change its columns: send it by itself');
}

/** All at once: the unit is then decided again from its start. */
async function describeAll(
  knowledge: Knowledge,
  place: number,
  asked: readonly (CopyEffect | undefined)[],
  questions: Questions,
): Promise<void> {
  const probes: (Probe | undefined)[] = [];
  for (const copy of asked) probes.push(copy && (await questions.describe(copy.equivalentSelect!)));
  (knowledge.copies ??= new Map<number, typeof probes>()).set(place, probes);
}

async function refresh(knowledge: Knowledge, { catalog }: SessionParts): Promise<void> {
  await catalog.refresh();
  knowledge.refreshed = true;
}

function planAll(
  judgement: Judgement,
  asked: readonly (CopyEffect | undefined)[],
  probes: readonly (Probe | undefined)[],
  parts: SessionParts,
): readonly (CopyOut | undefined)[] | AppError {
  const plans: (CopyOut | undefined)[] = [];
  for (const [statement, copy] of asked.entries()) {
    const plan = copy && planOne(judgement, statement, copy, probes[statement]!, parts);
    if (plan instanceof AppError) return plan;
    plans.push(plan);
  }
  return plans;
}

function planOne(
  judgement: Judgement,
  statement: number,
  copy: CopyEffect,
  probe: Probe,
  parts: SessionParts,
): CopyOut | AppError | undefined {
  if (!probe.fields && failsAlone(judgement, probe, parts)) return undefined;
  if (!probe.fields) return denied(describeFailure(failureOf(probe)));
  const options = optionsOf(copy.options ?? []);
  if (options instanceof AppError) return options;
  const catalog = parts.catalog.current();
  const context = { catalog, judgement, statement, session: parts.session };
  const plan = planDescription(probe.fields, undefined, context, 'mask')!;
  const origins = readRowDescription(probe.fields, 0, probe.fields.length);
  const isCopied = (_: unknown, i: number) =>
    !copy.wholeTable || !catalog.isGenerated(origins[i]!.tableOid, origins[i]!.attnum);
  const masker = new CopyOutMasker(plan.fields.filter(isCopied), parts.session.masking(), options);
  return { masker, columns: plan.columns.filter(isCopied) };
}

/**
 * What can't be described can't be copied, and the target's own error says it best; but not what an earlier statement of
 * the same text may mend, nor where the description has failed the transaction itself.
 */
function failsAlone({ analysis }: Judgement, probe: Probe, { conversation }: SessionParts): boolean {
  if (analysis.statements.length > 1) return false;
  return probe.error === undefined || failureOf(probe) === '25P02' || conversation.status === 'I';
}

/** An option that can't be followed is the statement's fault, not the session's end. */
function optionsOf(given: Parameters<typeof copyOutOptions>[0]): CopyOutOptions | AppError {
  try {
    return copyOutOptions(given);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

const denied = (reason: string): AppError => new AppError('STATEMENT_DENIED', reason);

function describeFailure(code: string): string {
  return `the columns of the COPY could not be determined (the target answered ${code})`;
}
