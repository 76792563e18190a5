import type { Partition } from '#event-log';

/** Who is away: the log does not give or take events, or the audit store does not. */
export type FailureCause = 'log' | 'store';

/** Why a partition does not get on. It tries on, and has none once a whole step went well. */
export interface IngestFailure extends Partition {
  readonly cause: FailureCause;
  readonly error: unknown;
}
