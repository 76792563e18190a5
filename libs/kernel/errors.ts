/**
 * The closed set of things that can go wrong, each with a stable meaning.
 * An edge (HTTP, PostgreSQL, CLI) translates a code once, in one table; a new code makes those tables
 * fail to compile until they have a row for it.
 */
export type ErrorCode =
  // configuration and input
  | 'CONFIG_INVALID' // weir.yaml, masking.yaml or a flag; the message names file, line and fix
  | 'POLICY_INVALID' // a Cedar policy; the message names file, line and column
  | 'INPUT_INVALID' // a request body, parameter or argument
  | 'SET_OWNED_ELSEWHERE' // writing a file-owned set through the API, or the reverse
  // who
  | 'UNAUTHENTICATED' // no credential
  | 'TOKEN_INVALID' // signature, issuer, audience, algorithm, shape
  | 'TOKEN_EXPIRED'
  | 'ISSUER_UNAVAILABLE' // its keys cannot be fetched and none are cached
  | 'FORBIDDEN' // known, but the role is missing
  // things
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'CONNECTION_UNKNOWN'
  | 'KEY_REUSED' // an Idempotency-Key, with another body
  // approvals
  | 'APPROVAL_NOT_PENDING'
  | 'APPROVAL_EXPIRED'
  | 'SELF_APPROVAL'
  | 'NOT_ELIGIBLE'
  | 'ALREADY_DECIDED' // the same person, twice
  // statements
  | 'STATEMENT_DENIED'
  | 'STATEMENT_HELD' // pending a person: retry once approved
  | 'STATEMENT_TOO_LARGE'
  | 'BUDGET_EXCEEDED'
  | 'QUERY_REFUSED' // an auditor's SQL
  // the wire and the target
  | 'PROTOCOL_VIOLATION'
  | 'TLS_REQUIRED'
  | 'TARGET_UNREACHABLE'
  | 'TARGET_REFUSED' // wrong credential, missing database, or a privileged role
  | 'TARGET_UNTRUSTED' // its TLS certificate is not accepted
  // the house
  | 'LOG_UNAVAILABLE'
  | 'JOURNAL_FULL'
  | 'STALE_SNAPSHOT'
  | 'TIMEOUT'
  | 'SHUTTING_DOWN'
  | 'INTERNAL';

export interface AppErrorOptions {
  cause?: unknown;
  /** What the person concerned can do about it, as one sentence. */
  hint?: string;
}

/** The one error class. `message` is written for whom it concerns and never carries a secret or a stack. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint;
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** Anything thrown, as an AppError: what is not one already is INTERNAL, its text kept as the cause only. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('INTERNAL', 'an internal error occurred', { cause: error });
}
