import { toAppError, type AppError, type ErrorCode } from '#kernel';

/** An error as ClickHouse tells it over HTTP. */
export interface Exception {
  readonly code: number;
  /** `SYNTAX_ERROR`: clients take it from the end of the text. */
  readonly name: string;
  readonly status: number;
  readonly message: string;
}

/** For what a client asked of the interface itself, in the server's own words. */
export class ProtocolException extends Error implements Exception {
  constructor(
    readonly code: number,
    override readonly name: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const notImplemented = (message: string) => new ProtocolException(48, 'NOT_IMPLEMENTED', 501, message);
export const badArgument = (message: string) => new ProtocolException(36, 'BAD_ARGUMENTS', 400, message);

type Kind = readonly [code: number, name: string, status: number];

const internal: Kind = [1002, 'UNKNOWN_EXCEPTION', 500];

/** Ours in the server's numbers; what no query of an auditor can meet is an internal error. */
const kinds: Readonly<Partial<Record<ErrorCode, Kind>>> = {
  INPUT_INVALID: [36, 'BAD_ARGUMENTS', 400],
  UNAUTHENTICATED: [194, 'REQUIRED_PASSWORD', 401],
  TOKEN_INVALID: [516, 'AUTHENTICATION_FAILED', 401],
  TOKEN_EXPIRED: [516, 'AUTHENTICATION_FAILED', 401],
  ISSUER_UNAVAILABLE: [210, 'NETWORK_ERROR', 503],
  FORBIDDEN: [497, 'ACCESS_DENIED', 403],
  QUERY_REFUSED: [497, 'ACCESS_DENIED', 403],
  BUDGET_EXCEEDED: [202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 429],
  TIMEOUT: [159, 'TIMEOUT_EXCEEDED', 408],
  SHUTTING_DOWN: [394, 'QUERY_WAS_CANCELLED', 503],
};

/** The engine's own codes that are no fault of the query. */
const statusOfEngine: Readonly<Record<number, number>> = { 60: 404, 81: 404, 159: 408, 202: 429, 241: 500 };

/** Anything thrown, as what its caller may see. */
export function exceptionOf(thrown: unknown): Exception {
  if (thrown instanceof ProtocolException) return thrown;
  const error = toAppError(thrown);
  const [code, name, status] = kindOfEngine(error) ?? kinds[error.code] ?? internal;
  return { code, name, status, message: error.hint ? `${error.message}; ${error.hint}` : error.message };
}

/** A refusal that the engine spoke keeps the engine's number: a client knows a syntax error by it. */
function kindOfEngine({ code, cause }: AppError): Kind | undefined {
  if (code !== 'QUERY_REFUSED' || !(cause instanceof Error)) return undefined;
  const { code: number, type } = cause as { code?: unknown; type?: unknown };
  if (typeof number !== 'string' || typeof type !== 'string' || !/^\d+$/.test(number)) return undefined;
  return [Number(number), type, statusOfEngine[Number(number)] ?? 400];
}

/** One line: `Code: 62. DB::Exception: … (SYNTAX_ERROR) (version 26.7.2.1)`. */
export const textOf = ({ code, name, message }: Exception, version: string): string =>
  `Code: ${code}. DB::Exception: ${message.replaceAll(/\s+/g, ' ').replace(/[.:\s]+$/, '')}. (${name}) (version ${version})\n`;
