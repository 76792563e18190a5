import { usageError } from './exit-codes.js';

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `5m`, `1h`, `7d` in milliseconds; undefined for what is no age. */
export function ageOf(given: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(given) ?? [];
  return amount === undefined ? undefined : Number(amount) * (units[unit] ?? 0);
}

/** What an option gives as an age or a time, as ISO 8601. */
export function timeOf(
  name: string,
  given: string | undefined,
  { now }: { now(): number },
): string | undefined {
  if (given === undefined) return undefined;
  const age = ageOf(given);
  const at = age === undefined ? Date.parse(given) : now() - age;
  if (Number.isNaN(at)) throw usageError(`--${name} ${given}: expected an age (30m, 1h, 7d) or a time`);
  return new Date(at).toISOString();
}
