import { AppError, isAppError } from '#kernel';
import type { Judgement } from '../gate/gate.js';
import { CopyOutMasker, copyOutOptions, type CopyOutOptions } from './copy-out.js';
import { Need, type Knowledge } from './knowledge.js';
import { failureOf, type Questions } from './questions.js';
import { planDescription } from './result-plan.js';
import type { CopyOut } from './run.js';
import type { SessionParts } from './session-parts.js';

/** For COPY … TO STDOUT: masks by the columns of the equivalent SELECT, which the target describes first. */
export function planCopyOut(
  judgement: Judgement,
  place: number,
  knowledge: Readonly<Knowledge>,
  parts: SessionParts,
  questions: Questions,
): CopyOut | AppError | Need | undefined {
  const { effects } = judgement;
  // Nearly every statement has no effects at all.
  const copy = effects.length === 0 ? undefined : effects.find((effect) => effect.type === 'copy');
  if (copy?.direction !== 'out') return undefined;
  const options = optionsOf(copy.options ?? []);
  if (options instanceof AppError) return options;
  const probe = knowledge.copies?.get(place);
  if (!probe && parts.conversation.segmentOpen)
    return new AppError('STATEMENT_DENIED', 'COPY TO STDOUT must be the first statement after Sync');
  if (!probe)
    return new Need(async (k) => {
      (k.copies ??= new Map()).set(place, await questions.describe(copy.equivalentSelect ?? ''));
    });
  if (!probe.fields) return new AppError('STATEMENT_DENIED', describeFailure(failureOf(probe)));
  const statement = judgement.analysis.statements.findIndex(({ effect }) => effect === copy);
  const context = { catalog: parts.catalog.current(), judgement, statement, session: parts.session };
  const plan = planDescription(probe.fields, undefined, context, 'mask')!;
  return { masker: new CopyOutMasker(plan.fields, parts.session.masking(), options), columns: plan.columns };
}

/** Why a COPY out can't be followed, whatever anybody says of it. */
export function copyOutProblem({ effects }: Judgement): AppError | undefined {
  const copy = effects.length === 0 ? undefined : effects.find((effect) => effect.type === 'copy');
  const options = copy?.direction === 'out' ? optionsOf(copy.options ?? []) : undefined;
  return options instanceof AppError ? options : undefined;
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

function describeFailure(code: string): string {
  return `the columns of the COPY could not be determined (the target answered ${code})`;
}
