import type { ColumnMask, MaskingSet, ResultField, ValueTransform } from '#masking';
import { rewriteBinaryArray, rewriteTextArray } from './masking-array.js';
import type { ValueCounts } from './masking-counts.js';
import { classifyJson, jsonOf } from './masking-json.js';
import { NULLED, type Rewritten, UNCHANGED, type ValueRewriter, WRITTEN } from './masking-value.js';
import { typeKind, type TypeKind, type TypeResolver } from './masking-types.js';

/** How a column's values are rewritten; undefined: they pass as they are. */
export function columnRewriter(
  field: ResultField,
  set: MaskingSet,
  counts: ValueCounts,
  resolve?: TypeResolver,
): ValueRewriter | undefined {
  if (field.mask === 'revealed') return undefined;
  const kind = typeKind(field.typeOid, resolve);
  if (field.mask === 'unclassified') return classifying(kind, field.format, set, counts);
  const counter = counts.of(field.mask.class);
  const rewrite = masking(kind, field.format, field.mask, set);
  return (value, start, end, out) => {
    counter.count++;
    return rewrite(value, start, end, out);
  };
}

/** Counts the values of a column that is revealed, which pass as they are; undefined: it is none. */
export function revealedCounter({ revealed }: ResultField, counts: ValueCounts): ValueRewriter | undefined {
  if (revealed === undefined) return undefined;
  const counter = counts.of(revealed);
  return () => {
    counter.count++;
    return UNCHANGED;
  };
}

function masking(kind: TypeKind, format: 0 | 1, mask: ColumnMask, set: MaskingSet): ValueRewriter {
  const transform = set.transformOf(mask);
  if (transform === undefined) return toNull;
  switch (kind) {
    case 'text':
      return always(transform);
    case 'json':
      return always(jsonOf(transform));
    case 'jsonb':
      return format === 0 ? always(jsonOf(transform)) : versioned(always(jsonOf(transform)));
    case 'text[]':
      return array(format, always(transform));
    case 'json[]':
      return array(format, always(jsonOf(transform)));
    case 'jsonb[]':
      return array(format, format === 0 ? always(jsonOf(transform)) : versioned(always(jsonOf(transform))));
    default:
      return toNull;
  }
}

function classifying(
  kind: TypeKind,
  format: 0 | 1,
  set: MaskingSet,
  counts: ValueCounts,
): ValueRewriter | undefined {
  const text = classifyText(set, counts);
  const json: ValueRewriter = (value, start, end, out) =>
    classifyJson(set, counts, value, start, end, out) ? WRITTEN : UNCHANGED;
  switch (kind) {
    case 'inert':
      return undefined;
    case 'text':
      return text;
    case 'json':
      return json;
    case 'jsonb':
      return format === 0 ? json : versioned(json);
    case 'text[]':
      return array(format, text);
    case 'json[]':
      return array(format, json);
    case 'jsonb[]':
      return array(format, format === 0 ? json : versioned(json));
    case 'other':
      // In text, a span's replacement needs no quoting in any of PostgreSQL's own notations. In binary a value
      // may hold lengths that a replacement would make wrong.
      return format === 0 ? text : (value, start, end, out) => nullIfFound(text(value, start, end, out));
  }
}

function nullIfFound(rewritten: Rewritten): Rewritten {
  return rewritten === UNCHANGED ? UNCHANGED : NULLED;
}

function classifyText(set: MaskingSet, counts: ValueCounts): ValueRewriter {
  return (value, start, end, out) => {
    const spans = set.findSpans(value, start, end);
    if (spans === undefined) return UNCHANGED;
    for (const span of spans) counts.add(span.class);
    set.writeReplaced(spans, value, start, end, out);
    return WRITTEN;
  };
}

const toNull: ValueRewriter = () => NULLED;

function always(transform: ValueTransform): ValueRewriter {
  return (value, start, end, out) => {
    transform(value, start, end, out);
    return WRITTEN;
  };
}

/* jsonb in binary: version:int8 (1) text. Another version is not understood, so nothing of it is kept. */
function versioned(rewrite: ValueRewriter): ValueRewriter {
  return (value, start, end, out) => {
    if (value[start] !== 1 || start === end) return NULLED;
    out.byte(1);
    return rewrite(value, start + 1, end, out);
  };
}

function array(format: 0 | 1, element: ValueRewriter): ValueRewriter {
  const rewrite = format === 0 ? rewriteTextArray : rewriteBinaryArray;
  return (value, start, end, out) => rewrite(element, value, start, end, out);
}
