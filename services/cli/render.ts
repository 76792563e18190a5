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

/** What a table may take; absent: whatever it needs. */
export interface Room {
  /** Of the terminal. */
  readonly width?: number | undefined;
  /** Of each cell. */
  readonly widest?: number;
}

/** Columns side by side, headed and underlined; null is shown as ∅, and what has no room is cut with an ellipsis. */
export function table(
  headers: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width, widest = Infinity }: Room = {},
): string {
  const whole = [headers, ...rows].map((row) => headers.map((_, i) => textOf(row[i])));
  const needed = headers.map((_, i) => Math.max(...whole.map((row) => Array.from(row[i] ?? '').length)));
  const widths = fitted(
    needed.map((each) => Math.min(each, widest)),
    width,
  );
  const cells = whole.map((row) => row.map((cell, i) => clip(cell, widths[i] ?? 0)));
  const columns = widths.map((each) => Math.min(each, mostAligned));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(columns[i] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = cells;
  return [line(head), columns.map((each) => '─'.repeat(each)).join('  '), ...body.map(line)].join('\n');
}

/** What is longer stands out: one long text must not make each row as long. */
const mostAligned = 500;

export function indent(text: string, by: string): string {
  return text.replace(/^/gm, by);
}

/** `1 row`, `2 rows`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
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

/** No column is cut to less. */
const least = 20;

/** The widest are cut until the line fits; never the first, which is pasted. */
function fitted(widths: readonly number[], room = Infinity): number[] {
  const fit = widths.map((width) => Math.min(width, Math.max(room, least)));
  let over = fit.reduce((sum, width) => sum + width + 2, -2) - room;
  for (; over > 0; over--) {
    const widest = fit.indexOf(Math.max(...fit.slice(1)), 1);
    if (widest < 0 || fit[widest]! <= least) break;
    fit[widest]!--;
  }
  return fit;
}

function textOf(cell: Cell): string {
  return cell === null ? '∅' : inline(String(cell ?? ''));
}

function clip(text: string, widest: number): string {
  const marks = Array.from(text);
  return marks.length > widest ? `${marks.slice(0, widest - 1).join('')}…` : text;
}
