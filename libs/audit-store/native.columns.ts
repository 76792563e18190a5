import { ByteSink } from './native.sink.js';
import { RawBytes } from './rows.js';

/**
 * A value that its column can't hold: about the data, so no later try makes it good. The code is the store's own,
 * CANNOT_PARSE_TEXT.
 */
export class ValueRefused extends Error {
  readonly code = '6';
}

/** A column while a block is built: values in the rows' order; who has none in a row gets the default there. */
export interface NativeColumn {
  /** As the block names it; the store converts where its own differs. */
  readonly type: string;
  add(value: unknown): void;
  addDefault(): void;
  /** What stands in the block after name and type. */
  parts(): Buffer[];
}

/* String: [ length:varint bytes ]* */
class TextColumn implements NativeColumn {
  readonly type = 'String';
  readonly sink = new ByteSink();
  add(value: unknown): void {
    this.sink.text(textOf(value));
  }
  addDefault(): void {
    this.sink.byte(0);
  }
  parts(): Buffer[] {
    return [this.sink.written];
  }
}

class BlobColumn extends TextColumn {
  override add(value: unknown): void {
    if (value instanceof RawBytes) this.sink.blob(value.bytes);
    else this.sink.blob(Buffer.from(textOf(value), 'base64'));
  }
}

abstract class NumberColumn implements NativeColumn {
  protected readonly sink = new ByteSink();
  constructor(readonly type: string) {}
  abstract add(value: unknown): void;
  abstract addDefault(): void;
  parts(): Buffer[] {
    return [this.sink.written];
  }
}

/** UInt64 and Int64, from text or a number. */
class WideColumn extends NumberColumn {
  add(value: unknown): void {
    addWide(this.sink, value);
  }
  addDefault(): void {
    this.sink.int64(0);
  }
}

class UInt32Column extends NumberColumn {
  add(value: unknown): void {
    if (typeof value !== 'number') throw new ValueRefused(`${shown(value)} is no number`);
    this.sink.uint32(value);
  }
  addDefault(): void {
    this.sink.uint32(0);
  }
}

class BoolColumn extends NumberColumn {
  add(value: unknown): void {
    this.sink.byte(value === true ? 1 : 0);
  }
  addDefault(): void {
    this.sink.byte(0);
  }
}

/** DateTime64 from `YYYY-MM-DD hh:mm:ss.fff` or `.ffffff`, UTC: ticks since the epoch, as many as there are digits. */
class TimeColumn extends NumberColumn {
  #minute = '';
  #base = 0;
  constructor(private readonly digits: 3 | 6) {
    super(`DateTime64(${digits}, 'UTC')`);
  }
  add(value: unknown): void {
    const text = textOf(value);
    const minute = text.slice(0, 16);
    if (minute !== this.#minute) {
      this.#base = Date.parse(`${minute.replace(' ', 'T')}Z`) / 1000;
      this.#minute = minute;
    }
    const ticks = Number(text.slice(17, 19)) * 10 ** this.digits + Number(text.slice(20));
    if (text.length !== 20 + this.digits || !Number.isSafeInteger(this.#base + ticks))
      throw new ValueRefused(`${shown(value)} is no time`);
    const all = this.#base * 10 ** this.digits + ticks;
    if (Number.isSafeInteger(all)) this.sink.int64(all);
    else this.sink.big64(BigInt(this.#base) * 10n ** BigInt(this.digits) + BigInt(ticks));
  }
  addDefault(): void {
    this.sink.int64(0);
  }
}

/* LowCardinality(String): version:uint64=1, then of its values, where there are any,
   index type and flags:uint64, keys:uint64 [ String ]*, indexes:uint64 [ index ]* */
class DictionaryColumn implements NativeColumn {
  readonly type = 'LowCardinality(String)';
  readonly #keys = new ByteSink();
  readonly #known = new Map<string, number>();
  readonly #indexes: number[] = [];
  add(value: unknown): void {
    const text = textOf(value);
    let index = this.#known.get(text);
    if (index === undefined) {
      index = this.#known.size;
      this.#known.set(text, index);
      this.#keys.text(text);
    }
    this.#indexes.push(index);
  }
  addDefault(): void {
    this.add('');
  }
  get length(): number {
    return this.#indexes.length;
  }
  parts(): Buffer[] {
    return [dictionaryVersion, ...this.values()];
  }
  values(): Buffer[] {
    if (this.length === 0) return [];
    const head = new ByteSink();
    const width = this.#known.size <= 0x100 ? 0 : this.#known.size <= 0x1_0000 ? 1 : 2;
    head.int64(ownKeys | width);
    head.int64(this.#known.size);
    const indexes = new ByteSink();
    indexes.int64(this.length);
    for (const index of this.#indexes)
      if (width === 0) indexes.byte(index);
      else if (width === 1) indexes.uint16(index);
      else indexes.uint32(index);
    return [head.written, this.#keys.written, indexes.written];
  }
}

const dictionaryVersion = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
/** The block brings its own keys, and they are all that it needs. */
const ownKeys = (1 << 9) | (1 << 10);

/* Array: [ end of this row's items:uint64 ]* items */
abstract class ArrayColumn implements NativeColumn {
  protected readonly ends = new ByteSink();
  protected items = 0;
  constructor(readonly type: string) {}
  abstract add(value: unknown): void;
  abstract parts(): Buffer[];
  addDefault(): void {
    this.ends.int64(this.items);
  }
}

class WordsColumn extends ArrayColumn {
  readonly #words = new DictionaryColumn();
  constructor() {
    super('Array(LowCardinality(String))');
  }
  add(value: unknown): void {
    for (const word of listOf(value)) this.#words.add(word);
    this.ends.int64(this.#words.length);
    this.items = this.#words.length;
  }
  parts(): Buffer[] {
    return [dictionaryVersion, this.ends.written, ...this.#words.values()];
  }
}

/* Nullable: [ null:byte ]* values, the default where it is null */
class NullableTextsColumn extends ArrayColumn {
  readonly #nulls = new ByteSink();
  readonly #texts = new TextColumn();
  constructor() {
    super('Array(Nullable(String))');
  }
  add(value: unknown): void {
    for (const item of listOf(value)) {
      this.#nulls.byte(item === null ? 1 : 0);
      this.#texts.add(item ?? '');
      this.items++;
    }
    this.ends.int64(this.items);
  }
  parts(): Buffer[] {
    return [this.ends.written, this.#nulls.written, ...this.#texts.parts()];
  }
}

/* Map: an Array of keys and one of values, with their ends once */
class CountsColumn extends ArrayColumn {
  readonly #keys = new DictionaryColumn();
  readonly #counts = new ByteSink();
  constructor() {
    super('Map(LowCardinality(String), UInt64)');
  }
  add(value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new ValueRefused(`${shown(value)} is no map`);
    for (const [key, count] of Object.entries(value)) {
      this.#keys.add(key);
      addWide(this.#counts, count);
    }
    this.items = this.#keys.length;
    this.ends.int64(this.items);
  }
  parts(): Buffer[] {
    return [dictionaryVersion, this.ends.written, ...this.#keys.values(), this.#counts.written];
  }
}

export const columnKinds = {
  text: () => new TextColumn(),
  blob: () => new BlobColumn(),
  word: () => new DictionaryColumn(),
  words: () => new WordsColumn(),
  nullableTexts: () => new NullableTextsColumn(),
  counts: () => new CountsColumn(),
  uint32: () => new UInt32Column('UInt32'),
  uint64: () => new WideColumn('UInt64'),
  int64: () => new WideColumn('Int64'),
  bool: () => new BoolColumn('Bool'),
  milliseconds: () => new TimeColumn(3),
  microseconds: () => new TimeColumn(6),
} as const satisfies Record<string, () => NativeColumn>;

export type ColumnKind = keyof typeof columnKinds;

/** A number of more digits than a double takes for certain goes the long way. */
const safeDigits = 15;

function addWide(sink: ByteSink, value: unknown): void {
  const text = typeof value === 'number' ? String(value) : textOf(value);
  if (!/^-?\d{1,20}$/.test(text)) throw new ValueRefused(`${shown(value)} is no number`);
  if (text.length <= safeDigits) sink.int64(Number(text));
  else sink.big64(BigInt(text));
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new ValueRefused(`${shown(value)} is no text`);
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ValueRefused(`${shown(value)} is no list`);
  return value;
}

const shown = (value: unknown): string => String(value).slice(0, 40);
