import { AppError } from '#kernel';

/** The one refusal of an auditor's SQL: the message says what is not taken, the hint what is. */
export function refused(message: string, hint?: string, cause?: unknown): AppError {
  return new AppError('QUERY_REFUSED', message, { cause, ...(hint === undefined ? {} : { hint }) });
}
