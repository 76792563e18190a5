import { AppError, type ErrorCode } from '#kernel';

/**
 * Errors whose own words are for an operator: they name brokers, files, variables, addresses, and say what to set. A client is
 * told what it can do itself.
 */
const forOperators: Partial<Readonly<Record<ErrorCode, string>>> = {
  LOG_UNAVAILABLE: 'the event log answers too slowly: run the statement again',
  CONFIG_INVALID: 'Weirkeeper is not configured to do that: its operator finds the cause in its log',
  POLICY_INVALID: 'Weirkeeper is not configured to do that: its operator finds the cause in its log',
  ISSUER_UNAVAILABLE: 'the issuer of the token cannot be asked for its keys: try again later',
};

/** The error as a client may read it: the same one, but where its words are an operator's. */
export function told(error: AppError): AppError {
  const words = forOperators[error.code];
  return words === undefined ? error : new AppError(error.code, words, { cause: error });
}

/** Whether an operator has to be told what the client is not. */
export const isForOperators = ({ code }: AppError): boolean => forOperators[code] !== undefined;
