import { RawBytes, type RowParts } from '#audit-store';

/**
 * A row as one line of JSON. JSON.stringify writes a lone surrogate as `\ud83d`, and one such escape makes the
 * store reject the whole batch: such a row is cleaned (U+FFFD) and written again.
 */
export function rowLine(parts: RowParts): string {
  const line = joined(parts);
  return line.includes('\\ud') ? joined(parts.map((part) => wellFormed(part) as object)) : line;
}

function joined(parts: RowParts): string {
  let line = '{';
  for (const part of parts) {
    const json = JSON.stringify(part);
    if (json.length > 2) line += (line.length > 1 ? ',' : '') + json.slice(1, -1);
  }
  return line + '}';
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return withoutLone(value);
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null || value instanceof RawBytes) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [withoutLone(key), wellFormedColumn(key, inner)]),
  );
}

function wellFormedColumn(name: string, value: unknown): unknown {
  return name === 'payload' && typeof value === 'string' ? withoutLoneEscapes(value) : wellFormed(value);
}

/** A payload is JSON in a string already: there, a lone surrogate is six plain letters after a backslash. */
function withoutLoneEscapes(text: string): string {
  return text.replaceAll(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\ufffd');
}

/** In Unicode mode a surrogate that matches has no partner. */
function withoutLone(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}
