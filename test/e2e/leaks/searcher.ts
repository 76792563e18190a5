import type { Secret } from './secrets.js';

/** Something that must not be found. */
export interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The length of a piece that counts as the value; where bytes are many and random, one that no chance makes. */
const piece = 6;
export const longPiece = 10;

/**
 * A value and what it is easily turned into: every piece of six characters, as it is, reversed, in hex, base64 in its
 * three phases, percent-encoded, UTF-16 in both orders; and its binary form. Letter case never counts.
 */
export function needlesOf(secrets: readonly Secret[], length = piece): Needle[] {
  return secrets.flatMap(({ name, hidden, binary }) => [
    ...piecesOf(name, Buffer.from(hidden), length),
    ...piecesOf(`${name}, reversed`, Buffer.from([...hidden].reverse().join('')), length),
    ...(length > piece ? [] : binary.flatMap((bytes) => binaryForms(name, bytes))),
  ]);
}

function piecesOf(name: string, bytes: Buffer, wanted: number): Needle[] {
  const length = Math.min(wanted, bytes.length);
  const plain = windows(bytes, length);
  const forms: [string, Buffer[]][] = [
    ['', plain],
    [', in hex', plain.map((each) => Buffer.from(each.toString('hex')))],
    [', percent-encoded', plain.map((each) => Buffer.from(each.toString('hex').replace(/../g, '%$&')))],
    [', in UTF-16', plain.flatMap((each) => [wide(each), wide(each).swap16()])],
    [', in base64', base64Windows(bytes, length).map((each) => Buffer.from(each))],
  ];
  return forms.flatMap(([form, found]) => found.map((each) => ({ name: name + form, bytes: each })));
}

function binaryForms(name: string, bytes: Buffer): Needle[] {
  return [
    { name: `${name}, binary`, bytes },
    { name: `${name}, binary, reversed`, bytes: Buffer.from(bytes).reverse() },
    { name: `${name}, binary, in hex`, bytes: Buffer.from(bytes.toString('hex')) },
  ];
}

const wide = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('latin1'), 'utf16le');

function windows(bytes: Buffer, length: number): Buffer[] {
  const count = Math.max(0, bytes.length - length + 1);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at, at + length));
}

/** The texts that stand for `length` characters of these bytes, wherever in a base64 text they begin. */
function base64Windows(bytes: Buffer, length: number): string[] {
  return [0, 1, 2].flatMap((phase) => {
    const whole = bytes.subarray(phase, phase + Math.floor((bytes.length - phase) / 3) * 3);
    const width = Math.ceil((Math.min(length, whole.length) * 4) / 3);
    return width < 8 ? [] : windows(Buffer.from(whole.toString('base64')), width).map(String);
  });
}

/** Finds any of many needles in one pass over the bytes (Aho and Corasick), whatever the case of letters. */
export class Searcher {
  private readonly next: Int32Array;
  private readonly hit: Int32Array;
  private readonly names: readonly string[];

  constructor(needles: readonly Needle[]) {
    this.names = needles.map(({ name }) => name);
    const size = 1 + needles.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const next = new Int32Array(size * 256);
    const hit = new Int32Array(size).fill(-1);
    let last = 0;
    needles.forEach(({ bytes }, index) => {
      let state = 0;
      for (const byte of bytes) {
        const edge = state * 256 + fold[byte]!;
        if (next[edge] === 0) next[edge] = ++last;
        state = next[edge]!;
      }
      if (hit[state] === -1) hit[state] = index;
    });
    this.next = next;
    this.hit = hit;
    this.link(last);
  }

  /** Breadth first: each state's missing edges are those of its longest proper suffix. */
  private link(last: number): void {
    const { next, hit } = this;
    const suffix = new Int32Array(last + 1);
    const queue: number[] = [];
    for (let byte = 0; byte < 256; byte++) if (next[byte]! > 0) queue.push(next[byte]!);
    for (let at = 0; at < queue.length; at++) {
      const state = queue[at]!;
      const shorter = suffix[state]!;
      if (hit[state] === -1) hit[state] = hit[shorter]!;
      for (let byte = 0; byte < 256; byte++) {
        const edge = state * 256 + byte;
        const below = next[edge]!;
        const fallback = next[shorter * 256 + byte]!;
        if (below === 0) next[edge] = fallback;
        else {
          suffix[below] = fallback;
          queue.push(below);
        }
      }
    }
  }

  /** The names of what is in these bytes, each once, with what stands around its first place. */
  find(bytes: Buffer): string[] {
    const { next, hit } = this;
    const found = new Map<number, number>();
    let state = 0;
    for (let at = 0; at < bytes.length; at++) {
      state = next[state * 256 + fold[bytes[at]!]!]!;
      const index = hit[state]!;
      if (index >= 0 && !found.has(index)) found.set(index, at);
    }
    return [...found].map(([index, at]) => {
      const around = bytes.toString('latin1', Math.max(0, at - 40), at + 12);
      return `${this.names[index]!}: …${JSON.stringify(around).slice(1, -1)}…`;
    });
  }
}

const fold = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte));
