import type { MaskingSet } from '#masking';

/** A text with what stands in it, in characters as Python counts them: code points. */
export interface LabelledText {
  readonly source: string;
  readonly text: string;
  readonly spans: readonly { readonly class: string; readonly start: number; readonly end: number }[];
}

export interface Tally {
  positives: number;
  /** Labelled, and found from its first to its last letter or digit, as this class. */
  found: number;
  /** Found as this class where nothing is labelled so. */
  wrong: number;
}

export interface Scores {
  /** By source and class: `sentences/card`. */
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Texts by source, and those of them without a label. */
  readonly texts: ReadonlyMap<string, { total: number; unlabelled: number }>;
  readonly mistakes: readonly string[];
}

/** Strict: a finding that leaves a digit of the label standing is a miss, and a label without a finding too. */
export function score(set: MaskingSet, texts: Iterable<LabelledText>): Scores {
  const tallies = new Map<string, Tally>();
  const counts = new Map<string, { total: number; unlabelled: number }>();
  const mistakes: string[] = [];
  for (const { source, text, spans } of texts) {
    const count = entry(counts, source, () => ({ total: 0, unlabelled: 0 }));
    count.total++;
    if (spans.length === 0) count.unlabelled++;
    const value = Buffer.from(text);
    const found = set.findSpans(value, 0, value.length) ?? [];
    const labels = spans.map((span) => ({ class: span.class, ...byteRange(text, span) }));
    const tally = (name: string) =>
      entry(tallies, `${source}/${name}`, () => ({ positives: 0, found: 0, wrong: 0 }));
    for (const label of labels) {
      tally(label.class).positives++;
      if (found.some((span) => span.class === label.class && covers(value, span, label)))
        tally(label.class).found++;
      else mistakes.push(`missed ${source} ${label.class}: ${text}`);
    }
    for (const span of found) {
      const overlaps = labels.some(
        (label) => label.start < span.end && span.start < label.end && label.class === span.class,
      );
      if (overlaps) continue;
      tally(span.class).wrong++;
      mistakes.push(`wrong ${source} ${span.class} ${value.toString('utf8', span.start, span.end)}: ${text}`);
    }
  }
  return { tallies, texts: counts, mistakes };
}

interface Bytes {
  readonly start: number;
  readonly end: number;
}

function covers(value: Uint8Array, found: Bytes, label: Bytes): boolean {
  const isMark = (byte: number) => /[^A-Za-z0-9]/.test(String.fromCharCode(byte));
  let { start, end } = label;
  while (start < end && isMark(value[start]!)) start++;
  while (end > start && isMark(value[end - 1]!)) end--;
  return found.start <= start && found.end >= end;
}

function byteRange(text: string, { start, end }: Bytes): Bytes {
  const points = Array.from(text);
  const length = (to: number) => Buffer.byteLength(points.slice(0, to).join(''));
  return { start: length(start), end: length(end) };
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
