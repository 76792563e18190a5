/** An amount that may pass in any stretch of time of this length. */
export interface BudgetWindow {
  readonly amount: number;
  readonly ms: number;
}

const bytesOf: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const msOf: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longestWindowMs = 31 * 86_400_000;

/** A whole number from 1 to `most`; undefined: not of that shape. */
export function wholeNumber(value: string, most: number = Number.MAX_SAFE_INTEGER): number | undefined {
  if (!/^[1-9]\d{0,15}$/.test(value)) return undefined;
  const read = Number(value);
  return read <= most ? read : undefined;
}

/** Bytes: `1048576`, `16MiB`. */
export function byteSize(value: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d+)(KiB|MiB|GiB)?$/.exec(value) ?? [];
  const count = wholeNumber(digits);
  const bytes = count === undefined ? undefined : count * (bytesOf[unit] ?? NaN);
  return bytes !== undefined && bytes <= Number.MAX_SAFE_INTEGER ? bytes : undefined;
}

/** `10000/1m, 100000/1h`: one window of each length, shortest first. `amount` reads what stands before the slash. */
export function windows(
  value: string,
  amount: (text: string) => number | undefined,
): readonly BudgetWindow[] | undefined {
  const read = value.split(',').map((part) => oneWindow(part.trim(), amount));
  const found = read.filter((each) => each !== undefined);
  if (found.length < read.length || new Set(found.map(({ ms }) => ms)).size < found.length) return undefined;
  return found.sort((a, b) => a.ms - b.ms);
}

function oneWindow(text: string, amount: (text: string) => number | undefined): BudgetWindow | undefined {
  const [, before = '', digits = '', unit = ''] = /^([^/]+)\/(\d+)([smhd])$/.exec(text) ?? [];
  const [count, length] = [amount(before), wholeNumber(digits)];
  const ms = (length ?? NaN) * (msOf[unit] ?? NaN);
  return count !== undefined && ms <= longestWindowMs ? { amount: count, ms } : undefined;
}

/** The stricter of several: of each length the smallest amount. Undefined if there is none. */
export function strictest(
  all: readonly (readonly BudgetWindow[] | undefined)[],
): readonly BudgetWindow[] | undefined {
  const byLength = new Map<number, number>();
  for (const { amount, ms } of all.flatMap((each) => each ?? []))
    byLength.set(ms, Math.min(amount, byLength.get(ms) ?? Infinity));
  if (byLength.size === 0) return undefined;
  return [...byLength].map(([ms, amount]) => ({ amount, ms })).sort((a, b) => a.ms - b.ms);
}
