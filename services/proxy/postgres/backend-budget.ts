import { AppError } from '#kernel';
import { circumstancesOf } from './circumstances.js';
import { overBudget } from './client-errors.js';
import type { Run } from './run.js';
import type { TargetPort } from './target-port.js';

/**
 * The budget is reached: a read is cancelled at the target; a write has happened and only its rows stay here. What is
 * returned must have come before the client is told: somebody is asked for the rest.
 */
export function cutOff(run: Run, port: TargetPort, error?: AppError): Promise<void> | undefined {
  run.cut = explained(error ?? overBudget(run), run);
  if (!run.judgement.writes) port.conversation.await(port.cancel());
  if (!run.judgement.verdict.obligations.onExcess || !run.execution) return undefined;
  const { execution, details, portal, cut } = run;
  const circumstances = circumstancesOf(port, portal);
  return port.session
    .excess({ execution, parameters: details.parameters, circumstances, error: cut })
    .then((told) => void (run.cut = told));
}

/** With what the policy that bounds it says to its reader. */
function explained(error: AppError, { judgement }: Run): AppError {
  const { boundReason } = judgement.verdict.obligations;
  return boundReason === undefined ? error : new AppError(error.code, `${error.message}: ${boundReason}`);
}

/** Rows that the run may still send of those given, by its own limits and its windows. */
export function rowsWithin(run: Run, buffer: Buffer, start: number, end: number, count: number): number {
  const { windows } = run;
  const ownRows = run.maxRows - run.rowsSpent;
  const ownBytes = run.maxBytes - run.bytesSpent;
  const rowsLeft = windows ? Math.min(ownRows, windows.rowsLeft()) : ownRows;
  const bytesLeft = windows ? Math.min(ownBytes, windows.bytesLeft()) : ownBytes;
  if (count <= rowsLeft && end - start <= bytesLeft) return count;
  let rows = 0;
  for (let at = start; rows < count && rows < rowsLeft; rows++) {
    at = endOfRows(buffer, at, 1);
    if (at - start > bytesLeft) break;
  }
  return rows;
}

/** Is it a window that has no room for `bytes` of one more row, and not a limit of the run's own? */
export function isWindowShort(run: Run, bytes: number): boolean {
  return run.rowsSpent < run.maxRows && run.bytesSpent + bytes <= run.maxBytes;
}

/** Frames: a type byte, then a length that includes itself. */
export function endOfRows(buffer: Buffer, start: number, rows: number): number {
  let at = start;
  for (let i = 0; i < rows; i++) at += 1 + buffer.readInt32BE(at + 1);
  return at;
}
