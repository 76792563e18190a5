const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/**
 * What lies between a failed try and the next, milliseconds: the schedule of Standard Webhooks 1.0, ten tries in
 * three days.
 */
const delays: readonly number[] = [
  5 * second,
  ...[5, 30].map((minutes) => minutes * minute),
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * hour),
];
/** Of a delay, added at random: what fails together must not come back together. */
const jitter = 0.1;
const longestRetryAfter = 24 * hour;

/** What lies between the first try and the last at most, milliseconds. */
export const longestWay = delays.reduce(
  (sum, delay) => sum + Math.max(delay * (1 + jitter), longestRetryAfter),
  0,
);

export interface FailedTry {
  /** From 1. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The answer's Retry-After header. */
  readonly retryAfter: string | undefined;
  /** 0 to 1. */
  readonly random: number;
}

/** When to try again; undefined after the last try. */
export function nextTry({ attempt, now, retryAfter, random }: FailedTry): number | undefined {
  const delay = delays[attempt - 1];
  if (delay === undefined) return undefined;
  const asked = Math.min(retryAfterMs(retryAfter, now), longestRetryAfter);
  return Math.round(now + Math.max(delay * (1 + jitter * random), asked));
}

/** Seconds or an HTTP date; 0 for anything else. */
function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * second;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}
