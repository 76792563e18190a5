import { HttpException } from '@nestjs/common';
import { AppError, newId, type ErrorCode } from '#kernel';

/** Problem details, RFC 9457; `code` is the closed set of the kernel. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly hint?: string;
  /** On a 500: names the log line that has the cause. */
  readonly instance?: string;
}

const statuses: Readonly<Record<ErrorCode, number>> = {
  CONFIG_INVALID: 422,
  POLICY_INVALID: 422,
  INPUT_INVALID: 400,
  SET_OWNED_ELSEWHERE: 409,
  UNAUTHENTICATED: 401,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  ISSUER_UNAVAILABLE: 503,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  CONNECTION_UNKNOWN: 404,
  KEY_REUSED: 422,
  APPROVAL_NOT_PENDING: 409,
  APPROVAL_EXPIRED: 409,
  SELF_APPROVAL: 403,
  NOT_ELIGIBLE: 403,
  ALREADY_DECIDED: 409,
  STATEMENT_DENIED: 403,
  STATEMENT_HELD: 409,
  STATEMENT_TOO_LARGE: 413,
  BUDGET_EXCEEDED: 429,
  QUERY_REFUSED: 400,
  PROTOCOL_VIOLATION: 400,
  TLS_REQUIRED: 403,
  TARGET_UNREACHABLE: 502,
  TARGET_REFUSED: 502,
  TARGET_UNTRUSTED: 502,
  LOG_UNAVAILABLE: 503,
  JOURNAL_FULL: 503,
  STALE_SNAPSHOT: 503,
  TIMEOUT: 504,
  SHUTTING_DOWN: 503,
  INTERNAL: 500,
};

const codesOfStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'STATEMENT_TOO_LARGE',
  503: 'SHUTTING_DOWN',
  504: 'TIMEOUT',
};

/** Anything thrown, as what its caller may see. What nobody foresaw is a 500 that says only where to look. */
export function problemOf(error: unknown): Problem {
  if (error instanceof AppError && error.code !== 'INTERNAL')
    return problem(error.code, error.message, error.hint);
  const status = clientStatus(error);
  if (status === undefined) {
    const instance = `urn:weirkeeper:error:${newId('err')}`;
    return {
      ...problem('INTERNAL', 'an internal error occurred; the log has it under this instance'),
      instance,
    };
  }
  return { ...problem(codesOfStatus[status] ?? 'INPUT_INVALID', messageOf(error)), status };
}

function problem(code: ErrorCode, detail: string, hint?: string): Problem {
  return {
    type: `urn:weirkeeper:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: code.toLowerCase().replaceAll('_', ' '),
    status: statuses[code],
    detail,
    code,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The status of an error of Nest's (any) or Fastify's (4xx: a body too large, not JSON, …); else none. */
function clientStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus() === 500 ? undefined : error.getStatus();
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function messageOf(error: unknown): string {
  if (!(error instanceof HttpException)) return (error as Error).message;
  const body = error.getResponse();
  const message = typeof body === 'object' && 'message' in body ? body.message : body;
  return Array.isArray(message) ? message.join('; ') : typeof message === 'string' ? message : error.message;
}
