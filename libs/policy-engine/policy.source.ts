import type { Located } from './policy.problem.js';

/** One policy as it stands in its file. Offsets are UTF-16 units of the file's text. */
export interface PolicySource {
  readonly file: Located;
  /** Counted from 1 within the file. */
  readonly number: number;
  /** Of the first annotation, or of `permit` or `forbid`. */
  readonly start: number;
  /** From `start` to the semicolon, included. */
  readonly text: string;
  readonly annotations: readonly { readonly name: string; readonly offset: number }[];
  readonly weight: Weight;
}

/** How deep Cedar's recursive parser would go: brackets, chains of `&&` and `||`, and everything else. */
export interface Weight {
  readonly depth: number;
  readonly logic: number;
  readonly other: number;
}

/* token: comment (to \n or \r, as Cedar's lexer has it) | string | word | && | || | any other character */
const token = /\/\/[^\n\r]*|"[^"\\]*(?:\\[^\n][^"\\]*)*"|[A-Za-z_][A-Za-z0-9_]*|&&|\|\||[^\s]/g;
const opening = new Set(['(', '[', '{']);
const closing = new Set([')', ']', '}']);
const others = new Set(['+', '-', '*', '.', '!', 'if', 'when', 'unless', 'has', 'is', 'in', 'like']);

/**
 * Splits a file at the semicolons that end policies. Cedar's own splitter gives texts without places, sorted
 * as strings (policy10 before policy2), and overruns its stack on deep input, so the weight comes from here.
 * A part after the last semicolon is returned too: Cedar will say what is wrong with it.
 */
export function splitPolicies(file: Located): PolicySource[] {
  const found: PolicySource[] = [];
  let open: OpenPolicy | undefined;
  for (const match of file.text.matchAll(token)) {
    const [text] = match;
    if (text.startsWith('//')) continue;
    open ??= new OpenPolicy(file, found.length + 1, match.index);
    open.take(text, match.index);
    if (text !== ';') continue;
    found.push(open.close(match.index + 1));
    open = undefined;
  }
  if (open) found.push(open.close(file.text.length));
  return found;
}

class OpenPolicy {
  readonly #annotations: { name: string; offset: number }[] = [];
  #at: number | undefined; // offset of an @ whose name comes next
  #nesting = 0;
  #depth = 0;
  #logic = 0;
  #other = 0;

  constructor(
    private readonly file: Located,
    private readonly number: number,
    private readonly start: number,
  ) {}

  take(text: string, offset: number): void {
    if (this.#at !== undefined) this.#annotations.push({ name: text, offset: this.#at });
    this.#at = text === '@' ? offset : undefined;
    if (opening.has(text)) this.#depth = Math.max(this.#depth, ++this.#nesting);
    else if (closing.has(text)) this.#nesting = Math.max(0, this.#nesting - 1);
    else if (text === '&&' || text === '||') this.#logic++;
    else if (others.has(text)) this.#other++;
  }

  close(end: number): PolicySource {
    return {
      file: this.file,
      number: this.number,
      start: this.start,
      text: this.file.text.slice(this.start, end),
      annotations: this.#annotations,
      weight: { depth: this.#depth, logic: this.#logic, other: this.#other },
    };
  }
}
