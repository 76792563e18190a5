/** Random choices: small, fast and the same for the same seed. fast-check's own values cost more than what they test here. */
export class Dice {
  constructor(private state: number) {}

  below(bound: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * bound);
  }

  one<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** Random bytes, half of them small numbers: those make plausible lengths and counts. */
  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(this.below(2) ? 256 : 5);
    return bytes;
  }
}
