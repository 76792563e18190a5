const colour = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const [bold, dim, green, red] = [paint(1), paint(2), paint(32), paint(31)];

const margin = '   ';
/** Milliseconds between two signs of life while something takes its time. */
const patience = 2_000;

/** Where the tour is printed: what is typed, what comes back, and what was checked about it. */
export class Screen {
  /** All that was printed, without colour. */
  text = '';

  heading(title: string): void {
    this.#print(`\n${bold(title)}\n`);
  }

  /** A line as a person types it. */
  typed(prompt: string, line: string): void {
    this.#print(
      `${margin}${dim(prompt)} ${bold(line.replaceAll('\n', `\n${margin}${' '.repeat(prompt.length + 1)}`))}`,
    );
  }

  /** What came back; of a long text the first lines. */
  came(text: string, most = 60): void {
    const lines = text.trimEnd().split('\n');
    for (const line of lines.slice(0, most)) this.#print(`${margin}${line}`);
    if (lines.length > most) this.#print(`${margin}${dim(`… ${lines.length - most} more lines`)}`);
    this.#print('');
  }

  /** Throws with `what` unless it holds; else says so. */
  check(holds: boolean, what: string): void {
    if (!holds) throw new Error(`this does not hold: ${what}`);
    this.#print(`${margin}${green('✓')} ${what}`);
  }

  why(text: string): void {
    this.#print(`${margin}${dim(`Why: ${text}`)}`);
  }

  failed(text: string): void {
    this.#print(`${margin}${red('✗')} ${text}`);
  }

  say(text: string): void {
    this.#print(text);
  }

  /** Gives what the promise gives; a line now and then shows that the tour is still alive. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const begun = Date.now();
    const sign = () => this.#print(dim(`${margin}… ${what} (${Math.round((Date.now() - begun) / 1000)} s)`));
    const timer = setInterval(sign, patience);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  #print(line: string): void {
    process.stdout.write(`${line}\n`);
    this.text += `${line.replaceAll(ansi, '')}\n`;
  }
}

const ansi = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

/** Columns side by side, as a terminal shows them. */
export function table(
  headers: readonly string[],
  rows: readonly (readonly unknown[])[],
  widest = 44,
): string {
  const cells = [headers, ...rows].map((row) => headers.map((_, i) => clip(row[i], widest)));
  const widths = headers.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return [
    line(cells[0]!),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...cells.slice(1).map(line),
  ].join('\n');
}

function clip(cell: unknown, widest: number): string {
  const text =
    cell === null ? '∅' : (typeof cell === 'string' ? cell : JSON.stringify(cell)).replace(/\s+/g, ' ');
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}
