/**
 * Text as a terminal may show it. What an agent wrote is shown to a person who decides on it: control
 * characters, and marks that reorder what is read, are spelled out. Newlines and tabs stay.
 */
export function visible(text: string): string {
  return text.replace(
    /[^\P{C}\n\t]|[\u2028\u2029]/gu,
    (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** The same, in one line. */
export function inline(text: string): string {
  return visible(text.replace(/\s+/g, ' ').trim());
}

export type Cell = string | number | boolean | null | undefined;

/** Columns side by side, headed and underlined; null is shown as ∅, and a long cell is cut with an ellipsis. */
export function table(headers: readonly string[], rows: readonly (readonly Cell[])[], widest = 60): string {
  const cells = [headers, ...rows].map((row) => headers.map((_, i) => clip(row[i], widest)));
  const widths = headers.map((_, i) => Math.max(...cells.map((row) => Array.from(row[i] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = cells;
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

export function indent(text: string, by: string): string {
  return text.replace(/^/gm, by);
}

/** `14:03:21.120`, UTC: what lines of one session are told apart by. */
export function clockTime(time: string | number): string {
  return new Date(time).toISOString().slice(11, 23);
}

/** `1.2 ms`, `3.4 s`, from microseconds. */
export function duration(us: number): string {
  if (us < 1000) return `${us} µs`;
  return us < 1_000_000 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(1)} s`;
}

/** `1.5 MiB`. */
export function bytes(count: number): string {
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return power === 0
    ? `${count} B`
    : `${(count / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB'][power]}`;
}

function clip(cell: Cell, widest: number): string {
  const text = cell === null ? '∅' : inline(String(cell ?? ''));
  const marks = Array.from(text);
  return marks.length > widest ? `${marks.slice(0, widest - 1).join('')}…` : text;
}
