import { toAppError, type ErrorCode } from '#kernel';
import {
  authenticationOk,
  backendKeyData,
  errorResponse,
  parameterStatus,
  readyForQuery,
  type BackendKey,
} from './codec.js';
import { told } from './told.js';

/**
 * What a client is told at the door. SQLSTATE by code: https://www.postgresql.org/docs/current/errcodes-appendix.html
 * Drivers act on them: 28P01 makes a pool give up, 53300 and 57P03 make it try again later.
 */
export const sqlstateOf: Readonly<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'F0000',
  POLICY_INVALID: 'F0000',
  INPUT_INVALID: '22023',
  SET_OWNED_ELSEWHERE: '55000',
  UNAUTHENTICATED: '28P01',
  TOKEN_INVALID: '28P01',
  TOKEN_EXPIRED: '28P01',
  ISSUER_UNAVAILABLE: '57P03',
  FORBIDDEN: '28000',
  NOT_FOUND: '42704',
  CONFLICT: '55000',
  CONNECTION_UNKNOWN: '3D000',
  KEY_REUSED: '55000',
  APPROVAL_NOT_PENDING: '55000',
  APPROVAL_EXPIRED: '55000',
  SELF_APPROVAL: '42501',
  NOT_ELIGIBLE: '42501',
  ALREADY_DECIDED: '55000',
  STATEMENT_DENIED: '42501',
  STATEMENT_HELD: 'WK001',
  STATEMENT_TOO_LARGE: '54000',
  BUDGET_EXCEEDED: 'WK002',
  QUERY_REFUSED: '42501',
  PROTOCOL_VIOLATION: '08P01',
  TLS_REQUIRED: '28000',
  TARGET_UNREACHABLE: '08001',
  TARGET_REFUSED: '08004',
  TARGET_UNTRUSTED: '08001',
  LOG_UNAVAILABLE: '57P03',
  JOURNAL_FULL: '53100',
  STALE_SNAPSHOT: '57P03',
  TIMEOUT: '57014',
  SHUTTING_DOWN: '57P01',
  INTERNAL: 'XX000',
};

/** A refusal that ends the connection. Carries the error's own words and never its cause or a stack. */
export function fatal(error: unknown): Buffer {
  const { code, message, hint } = told(toAppError(error));
  return errorResponse({ severity: 'FATAL', sqlstate: sqlstateOf[code], message, hint });
}

export const tooManyClients = errorResponse({
  severity: 'FATAL',
  sqlstate: '53300',
  message: 'Weirkeeper has as many clients as it takes; try again later',
});

/** Everything from "you are in" to the first ReadyForQuery, with our own cancel key in place of the target's. */
export function welcome(parameters: Iterable<readonly [string, string]>, key: BackendKey): Buffer {
  const statuses = [...parameters].map(([name, value]) => parameterStatus(name, value));
  return Buffer.concat([authenticationOk, ...statuses, backendKeyData(key), readyForQuery('I')]);
}
