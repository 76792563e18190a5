import { randomBytes, randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Values that cannot occur by chance: where one of them turns up, a masked value has leaked. */
export interface Canaries {
  /** `w…@example.com`: its mask keeps the first letter and the host. */
  email(row: number): string;
  /** Masked whole. */
  ssn(row: number): string;
  /** Luhn-valid; its mask keeps the last four digits. */
  readonly card: string;
  /** What must not be found anywhere. */
  readonly needles: readonly Needle[];
}

interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

export function newCanaries(): Canaries {
  const local = randomBytes(9).toString('hex');
  const ssn = randomBytes(9).toString('hex');
  const card = luhn(`4${Array.from({ length: 14 }, () => randomInt(10)).join('')}`);
  const texts = { email: local, ssn, card: card.slice(0, 12) };
  return {
    email: (row) => `w${local}${row}@example.com`,
    ssn: (row) => `${ssn}-${row}`,
    card,
    needles: Object.entries(texts).flatMap(([name, text]) => shapes(name, text)),
  };
}

/** As text, in hex (bytea, a debugging print) and in the three phases of base64. */
function shapes(name: string, text: string): Needle[] {
  const bytes = Buffer.from(text);
  const phases = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + 9).toString('base64'));
  return [
    { name, bytes },
    { name: `${name} in hex`, bytes: Buffer.from(bytes.toString('hex')) },
    ...phases.map((phase) => ({ name: `${name} in base64`, bytes: Buffer.from(phase) })),
  ];
}

/** The names of the canaries that are in these bytes. */
export function leaksIn(bytes: Buffer, { needles }: Canaries): string[] {
  return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ name }) => name);
}

/** `file: canary` for each file below a folder that holds one. */
export function leaksBelow(
  folder: string,
  canaries: Canaries,
): { readonly files: number; readonly leaks: string[] } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const leaks = files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return leaksIn(readFileSync(path), canaries).map((name) => `${path}: ${name}`);
  });
  return { files: files.length, leaks };
}

/** Fifteen digits and the sixteenth that makes them a card's number. */
function luhn(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return digits + String((10 - (sum % 10)) % 10);
}
