import type { ErrorCode } from '#kernel';

/** What scripts can rely on. `weir help` prints these lines. */
export const exit = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  notFound: 4,
  unreachable: 5,
} as const;
export type ExitCode = number;

export const exitCodesHelp = `exit codes:
  0  done
  1  failed
  2  wrong usage or input
  3  refused: no valid token, a role is missing, or policy says no
  4  no such thing
  5  the gate cannot be reached`;

const byCode: Partial<Record<ErrorCode, ExitCode>> = {
  CONFIG_INVALID: exit.usage,
  POLICY_INVALID: exit.usage,
  INPUT_INVALID: exit.usage,
  KEY_REUSED: exit.usage,
  UNAUTHENTICATED: exit.refused,
  TOKEN_INVALID: exit.refused,
  TOKEN_EXPIRED: exit.refused,
  FORBIDDEN: exit.refused,
  SELF_APPROVAL: exit.refused,
  NOT_ELIGIBLE: exit.refused,
  STATEMENT_DENIED: exit.refused,
  QUERY_REFUSED: exit.refused,
  NOT_FOUND: exit.notFound,
  CONNECTION_UNKNOWN: exit.notFound,
};

export function exitCodeOf(code: ErrorCode): ExitCode {
  return byCode[code] ?? exit.failed;
}

/** Ends a verb with a message for the person at the terminal. */
export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly code = 'FAILED',
    readonly hint?: string,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

export function usageError(message: string): CliError {
  return new CliError(exit.usage, message, 'USAGE');
}
