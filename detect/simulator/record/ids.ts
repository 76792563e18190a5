import type { Random } from '../random.js';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** As `newId` of the kernel makes them, 48 bits of time and 80 of chance, but of the simulation's chance. */
export function simulatedId(prefix: string, at: number, random: Random): string {
  let time = '';
  for (let i = 0, left = at; i < 10; i++, left = Math.floor(left / 32)) time = alphabet[left % 32] + time;
  return `${prefix}_${time}${random.base32(16)}`;
}
