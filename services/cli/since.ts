import { usageError } from './exit-codes.js';

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What an option gives as an age or a time, as ISO 8601. */
export function timeOf(
  name: string,
  given: string | undefined,
  { now }: { now(): number },
): string | undefined {
  if (given === undefined) return undefined;
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(given) ?? [];
  const at = amount === undefined ? Date.parse(given) : now() - Number(amount) * (units[unit] ?? 0);
  if (Number.isNaN(at)) throw usageError(`--${name} ${given}: expected an age (30m, 1h, 7d) or a time`);
  return new Date(at).toISOString();
}
