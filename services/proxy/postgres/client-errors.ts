import { AppError } from '#kernel';
import type { GateSession } from '../gate/gate.js';
import { sqlstateOf } from './auth.js';
import { errorResponse } from './codec.js';
import type { Run } from './run.js';

/** A refused statement: the reason, the decision's id, and where to go. */
export function refusal(
  session: GateSession,
  statementId: string,
  error: AppError,
  sqlstate = sqlstateOf[error.code],
): Buffer {
  return errorResponse({
    severity: 'ERROR',
    sqlstate,
    message: error.message,
    // What the server would refuse as well is no decision of the gate's.
    detail: statementId === '' ? undefined : `decision ${statementId}`,
    hint: error.hint ?? (statementId === '' ? undefined : session.hint(statementId)),
  });
}

function budgetMessage(run: Run): string {
  const limit = run.spent.rows >= run.maxRows ? `${run.maxRows} rows` : `${run.maxBytes} bytes`;
  return run.judgement.writes
    ? `the statement was executed; its result is cut at the budget of ${limit}`
    : `the budget of ${limit} a statement is reached`;
}

/** Its own limits, of rows or of bytes, were reached. */
export function overBudget(run: Run): AppError {
  return new AppError('BUDGET_EXCEEDED', budgetMessage(run));
}

export function budgetError(run: Run, session: GateSession): Buffer {
  return refusal(session, run.statementId, run.cut ?? overBudget(run));
}
