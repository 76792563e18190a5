/**
 * Random numbers that follow from a key alone, so that each agent, day and session has a stream of its own: what is added
 * in one place moves nothing in another. The generator is sfc32; a text key is hashed into its 128 bits.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(private readonly key: string) {
    [this.#a, this.#b, this.#c] = hash3(key);
    for (let i = 0; i < 8; i++) this.next();
  }

  /** A stream of its own; drawing from one does not move the other. */
  fork(...parts: readonly (string | number)[]): Random {
    return new Random(`${this.key}/${parts.join('/')}`);
  }

  /** From 0 up to but not 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Both ends included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** The list must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }

  /** By the weight that each has. */
  weighted<T extends { readonly weight: number }>(list: readonly T[]): T {
    let left = this.next() * list.reduce((sum, { weight }) => sum + weight, 0);
    return (list.find(({ weight }) => (left -= weight) < 0) ?? list[list.length - 1]) as T;
  }

  /** Earlier ones more often, about as 1/rank. */
  early<T>(list: readonly T[]): T {
    return list[Math.floor((list.length + 1) ** this.next()) - 1] as T;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const keyed = list.map((value) => ({ value, order: this.next() }));
    return keyed.sort((a, b) => a.order - b.order).map(({ value }) => value);
  }

  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.next());
  }

  lognormal(median: number, sigma: number): number {
    return median * Math.exp(this.normal(0, sigma));
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** `digits` of lower-case hex. */
  hex(digits: number): string {
    return this.letters(digits, '0123456789abcdef');
  }

  /** Crockford's base 32, as ids have it. */
  base32(digits: number): string {
    return this.letters(digits, '0123456789abcdefghjkmnpqrstvwxyz');
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const words = new DataView(bytes.buffer);
    for (let i = 0; i + 4 <= length; i += 4) words.setUint32(i, Math.floor(this.next() * 0x1_0000_0000));
    return bytes;
  }

  private letters(count: number, alphabet: string): string {
    let text = '';
    for (let i = 0; i < count; i++) text += alphabet[Math.floor(this.next() * alphabet.length)];
    return text;
  }
}

/** Numbers into one of 0 to 1, for what many look up and nobody draws in order: it costs no text and no stream. */
export function chanceOf(...parts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) hash = scramble(hash ^ scramble(part + 0x7f4a7c15));
  return (hash >>> 0) / 0x1_0000_0000;
}

function scramble(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function hash3(key: string): [number, number, number] {
  let [a, b, c] = [1779033703, 3144134277, 1013904242];
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = a ^ Math.imul(c ^ code, 951274213);
  }
  return [scramble(a ^ b), scramble(b ^ c), scramble(c ^ a)];
}
