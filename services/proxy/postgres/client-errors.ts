import { AppError } from '#kernel';
import { StatementSyntaxError } from '#statement';
import type { GateSession, Judgement } from '../gate/gate.js';
import { sqlstateOf } from './auth.js';
import { errorResponse, readReport } from './codec.js';
import type { Run } from './run.js';
import { told } from './told.js';

/** Why a text is denied. */
export function denial({ verdict, syntaxErrorAt }: Judgement): AppError {
  return syntaxErrorAt === undefined
    ? new AppError('STATEMENT_DENIED', verdict.reason)
    : new StatementSyntaxError(verdict.reason, syntaxErrorAt);
}

/** A refused statement: the reason, the decision's id, and where to go. */
export function refusal(
  session: GateSession,
  statementId: string,
  error: AppError,
  sqlstate = sqlstateOf[error.code],
): Buffer {
  if (error instanceof StatementSyntaxError) return syntaxError(error);
  const { message, hint } = told(error);
  return errorResponse({
    severity: 'ERROR',
    sqlstate,
    message,
    // What the server would refuse as well is no decision of the gate's.
    detail: statementId === '' ? undefined : `decision ${statementId}`,
    hint: hint ?? (statementId === '' ? undefined : session.hint(statementId)),
  });
}

/** As the server would say it: clients show the place, and no person is to be asked. */
function syntaxError({ message, position }: StatementSyntaxError): Buffer {
  return errorResponse({ severity: 'ERROR', sqlstate: '42601', message, position: position || undefined });
}

/** What an ErrorResponse says, for the record: as the client sees it. */
export function reported(frame: Buffer): { readonly sqlstate: string; readonly message: string } {
  const report = readReport(frame, 0, frame.length);
  return { sqlstate: report.get('C') ?? '', message: report.get('M') ?? '' };
}

function budgetMessage(run: Run): string {
  const limit = run.rowsSpent >= run.maxRows ? `${run.maxRows} rows` : `${run.maxBytes} bytes`;
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
