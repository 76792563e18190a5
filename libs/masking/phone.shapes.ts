import type { DigitGroups } from './digit-groups.js';

const space = 0x20;
const hyphen = 0x2d;
const dot = 0x2e;
const slash = 0x2f;
const closing = 0x29;

/**
 * How many of the groups, of which the first stands as it is, are a national number with its trunk 0 or `00` and a
 * country; 0 if none. `zeros` is how many it begins with. Fewer than all only where a space follows: `… 0958 10 times`.
 */
export function trunkGroups(groups: DigitGroups, zeros: number): number {
  if (zeros > 2) return 0;
  for (let count = groups.count; count >= 2; count--) {
    if (zeros === 2 ? isCountry(groups, count) : isTrunk(groups, count)) return count;
    if (groups.separators[count - 2] !== space) return 0;
  }
  return 0;
}

/** `00420 703 574 254`, `001-364-840-9674` */
function isCountry(groups: DigitGroups, count: number): boolean {
  const digits = groups.digits(count);
  const separator = groups.separators[0]!;
  if (count < 3 || digits < 10 || groups.sizes[0]! < 3 || groups.hasSingle(count)) return false;
  return (separator === space || separator === hyphen) && groups.separatedBy(separator, 0, count);
}

/** `020 7946 0958`, `01632 960617`, `022 345 678`, `0412-379 0446` */
function isTrunk(groups: DigitGroups, count: number): boolean {
  const digits = groups.digits(count);
  const separator = groups.separators[0]!;
  const area = groups.sizes[0]!;
  if (digits < 9 || digits > 11 || area < 2 || area > 5 || groups.hasSingle(count)) return false;
  if (count === 2) return digits >= 10 && area >= 3 && (separator === space || separator === hyphen);
  if (separator === space) return groups.separatedBy(space, 0, count);
  if (separator === dot) return digits >= 10 && groups.separatedBy(dot, 0, count);
  // The rest by the same, or by spaces.
  return separator === closing
    ? false
    : (digits >= 10 && groups.separatedBy(separator, 0, count)) || groups.separatedBy(space, 1, count);
}

/**
 * The same for groups of which the first stands in parentheses: (0362) 175122, (02)-9794-6420; by their shape alone
 * (11) 96123-4567 and (926) 172-01-65. `first` is the first digit.
 */
export function areaGroups(groups: DigitGroups, first: number): number {
  if (groups.separators[0] !== closing) return 0;
  for (let count = groups.count; count >= 2; count--) {
    if (first === 0x30 ? isArea(groups, count) : isLined(groups, count)) return count;
    if (groups.separators[count - 2] !== space) return 0;
  }
  return 0;
}

function isArea(groups: DigitGroups, count: number): boolean {
  const digits = groups.digits(count);
  return groups.sizes[0]! >= 2 && groups.sizes[0]! <= 5 && digits >= 9 && digits <= 11;
}

function isLined({ sizes, separators }: DigitGroups, count: number): boolean {
  if (separators[1] !== hyphen) return false;
  if (count === 3) return sizes[0] === 2 && (sizes[1] === 4 || sizes[1] === 5) && sizes[2] === 4;
  const isPaired = count === 4 && separators[2] === hyphen && sizes[2] === 2 && sizes[3] === 2;
  return isPaired && sizes[0] === 3 && sizes[1] === 3;
}

/** `2024-11-20`, `20.11.2024`, `2024/11`, and what follows such a date: no telephone, whatever word is near. */
export function beginsWithDate({ sizes, separators, count }: DigitGroups): boolean {
  const separator = separators[0];
  if (count < 3 || (separator !== hyphen && separator !== dot && separator !== slash)) return false;
  if (separators[1] !== separator) return false;
  if (sizes[0] === 4) return sizes[1]! <= 2 && sizes[2]! <= 2;
  return sizes[0]! <= 2 && sizes[1]! <= 2 && (sizes[2] === 4 || sizes[2] === 2);
}

/** `7.136178`, `1234567.5`: nobody sets one digit apart, or the last two; but `1.4155552671` is the plan's country. */
export function isDecimal(groups: DigitGroups): boolean {
  if (groups.count !== 2 || groups.separators[0] !== dot) return false;
  const [whole, fraction] = [groups.sizes[0]!, groups.sizes[1]!];
  const isOneDot = groups.end(2) - groups.end(1) === fraction + 1;
  return isOneDot && (fraction <= 2 || (whole === 1 && fraction !== 10));
}
