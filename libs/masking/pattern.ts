import { RE2JS } from 're2js';
import type { MaskingPattern } from './rules.js';
import type { Span } from './span.js';

/** An own data class, compiled on a linear-time engine that reads bytes as UTF-8. */
export interface CompiledPattern {
  readonly class: string;
  readonly regex: RE2JS;
}

export function compilePatterns(patterns: readonly MaskingPattern[]): CompiledPattern[] {
  return patterns.map(({ class: name, regex }) => ({ class: name, regex: RE2JS.compile(regex) }));
}

export function findPatterns(
  patterns: readonly CompiledPattern[],
  value: Uint8Array,
  start: number,
  end: number,
): Span[] | undefined {
  let spans: Span[] | undefined;
  const text = value.subarray(start, end);
  for (const pattern of patterns) {
    // The test runs on the engine's automaton alone; only a hit pays for positions.
    if (!pattern.regex.test(text)) continue;
    const matcher = pattern.regex.matcher(text);
    while (matcher.find()) {
      if (matcher.end() === matcher.start()) continue;
      (spans ??= []).push({
        class: pattern.class,
        start: start + matcher.start(),
        end: start + matcher.end(),
      });
    }
  }
  return spans;
}

/**
 * Both lists in order; where two overlap, one span covers both and takes the own pattern's class, so that a
 * built-in `partial` never shows a piece of what the pattern names.
 */
export function mergeSpans(builtin: Span[] | undefined, own: Span[] | undefined): Span[] | undefined {
  if (own === undefined) return builtin;
  const merged: Span[] = [];
  const isOwn = new Set(own);
  for (const span of [...own, ...(builtin ?? [])].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) {
      merged.push(span);
      continue;
    }
    const named = isOwn.has(last) ? last : isOwn.has(span) ? span : last;
    const union = { class: named.class, start: last.start, end: Math.max(last.end, span.end) };
    if (isOwn.has(named)) isOwn.add(union);
    merged[merged.length - 1] = union;
  }
  return merged;
}
