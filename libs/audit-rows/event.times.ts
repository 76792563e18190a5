/** Years that the store's DateTime64(6) can hold, in microseconds since the epoch. */
const earliest = BigInt(Date.UTC(1970, 0, 1)) * 1000n;
const latest = BigInt(Date.UTC(2261, 0, 1)) * 1000n;

/** `YYYY-MM-DD hh:mm:ss.uuuuuu`, UTC. Throws for a time that no clock of ours can have shown. */
export function timeOfMicroseconds(us: bigint): string {
  if (us < earliest || us > latest) throw new RangeError(`time_us ${us} is out of range`);
  const ms = us / 1000n;
  return timeOfMilliseconds(Number(ms)) + String(us % 1000n).padStart(3, '0');
}

/** `YYYY-MM-DD hh:mm:ss.mmm`, UTC. */
export function timeOfMilliseconds(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ');
    lastSecond = second;
  }
  return `${lastText}.${String(ms - second * 1000).padStart(3, '0')}`;
}

/** Events come thousands a second. */
let lastSecond = NaN;
let lastText = '';
